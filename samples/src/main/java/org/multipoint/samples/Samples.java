package org.multipoint.samples;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Map;

/** The samples' command line. Exit codes: 0 for success, 1 for failure, 2 for invalid arguments. */
@Command(name = "samples", description = "Multipoint quantization of Deeplearning4j models, step by step.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {QuickstartCommand.class, Cifar10Command.class, ImagenetCommand.class, ClassifyCommand.class, DetectCommand.class,
                ExportCommand.class, BenchCommand.class, AblationCommand.class, CurveCommand.class, TrainCommand.class, FetchCommand.class})
public final class Samples {

    private static final String WAIT_POLICY = "OMP_WAIT_POLICY";

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Shows this help.")
    private boolean help;

    private Samples() {
    }

    public static void main(String[] args) {
        // JavaCPP would print to standard output.
        System.setProperty("org.bytedeco.javacpp.logger", "slf4j");
        System.exit(commandLine().setExecutionStrategy(Samples::withPatientThreads).execute(args));
    }

    /**
     * Runs a command in a process whose OpenMP threads sleep while they wait, instead of taking processors from Java's threads. OpenMP
     * reads that from the environment when it is loaded, so it is too late to set it in this process. A value that the user has set stays.
     */
    private static int withPatientThreads(ParseResult parsed) {
        boolean startsItsOwn = parsed.hasSubcommand() && parsed.subcommand().commandSpec().userObject() instanceof BenchCommand;
        if (startsItsOwn || System.getenv(WAIT_POLICY) != null) {
            return new RunLast().execute(parsed);
        }
        Integer helped = CommandLine.executeHelpRequest(parsed);
        if (helped != null) {
            return helped;
        }
        try {
            return ChildJvm.run(Map.of(WAIT_POLICY, "PASSIVE"), Samples.class, parsed.originalArgs(), null);
        } catch (IOException | InterruptedException e) {
            throw new ExecutionException(parsed.commandSpec().commandLine(), "no second process", e);
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new Samples())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, args) -> misused(e))
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command));
    }

    private static int misused(ParameterException e) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + e.getMessage().replaceFirst("^Error: ", "") + " (see " + name + " --help)");
        return CommandLine.ExitCode.USAGE;
    }

    /** Bad input is reported in one line; a bug is printed with its stack trace. */
    private static int failed(Exception e, CommandLine command) {
        boolean badInput = isBadInput(e);
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + (badInput ? message(e) : e));
        if (!badInput) {
            e.printStackTrace(command.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /**
     * Whether an exception tells of bad input: a file that cannot be read, or an argument or state that this project's own code has refused.
     * The same exceptions from other libraries, and those that wrap any other failure, are bugs.
     */
    static boolean isBadInput(Exception e) {
        if (e instanceof IOException || e instanceof UncheckedIOException) {
            return true;
        }
        StackTraceElement[] trace = e.getStackTrace();
        boolean refused = trace.length > 0 && trace[0].getClassName().startsWith("org.multipoint.");
        Throwable cause = e.getCause();
        return refused && (e instanceof IllegalArgumentException || e instanceof IllegalStateException
                && (cause == null || cause instanceof IllegalArgumentException || cause instanceof IOException));
    }

    private static String message(Throwable e) {
        if (e instanceof UncheckedIOException) {
            return message(e.getCause());
        }
        if (e instanceof NoSuchFileException missing) {
            return missing.getFile() + ": there is no such file or folder";
        }
        if (e instanceof FileSystemException file && file.getReason() == null) {
            return file.getFile() + ": " + e.getClass().getSimpleName();
        }
        return e.getMessage() == null ? e.toString() : e.getMessage().replaceAll("\\s*\\R\\s*", " ");
    }
}
