package org.multipoint.samples;

import org.multipoint.report.Provenance;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The samples' command line. */
@Command(name = "samples", description = "Multipoint quantization of Deeplearning4j models, step by step.",
        synopsisSubcommandLabel = "COMMAND", versionProvider = Samples.Version.class,
        subcommands = {InspectCommand.class, QuantizeCommand.class, EvaluateCommand.class, CompareCommand.class, PredictCommand.class,
                SensitivityCommand.class, QuickstartCommand.class, Cifar10Command.class, ImagenetCommand.class, ClassifyCommand.class, DetectCommand.class,
                CompileCommand.class, ExportCommand.class, BenchCommand.class, AblationCommand.class, CurveCommand.class, NeighboursCommand.class, TrainCommand.class,
                LowPrecisionCommand.class, FetchCommand.class})
public final class Samples {

    /** The environment variable that says how OpenMP's threads wait, and its value for those that sleep. */
    static final String WAIT_POLICY = "OMP_WAIT_POLICY";
    static final String PATIENT = "PASSIVE";
    private static final Map<String, String> EXIT_CODES = new LinkedHashMap<>();

    static {
        EXIT_CODES.put("0", "It is done.");
        EXIT_CODES.put("1", "It could not be done: a file or an image is not what it should be, or the program has failed.");
        EXIT_CODES.put("2", "The arguments are invalid.");
    }

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Shows this help.")
    private boolean help;

    @Option(names = {"-V", "--version"}, versionHelp = true, description = "Shows the version.")
    private boolean version;

    /** The version of the library. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[]{"dl4j-multipoint " + Provenance.currentVersion()};
        }
    }

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
            return ChildJvm.run(Map.of(WAIT_POLICY, PATIENT), Samples.class, parsed.originalArgs(), null);
        } catch (IOException | InterruptedException e) {
            throw new ExecutionException(parsed.commandSpec().commandLine(), "no second process", e);
        }
    }

    static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new Samples());
        tellExitCodes(commandLine);
        commandLine.getSubcommands().values().forEach(Samples::tellExitCodes);
        return commandLine
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, args) -> misused(e))
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command));
    }

    private static void tellExitCodes(CommandLine command) {
        command.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n").exitCodeList(EXIT_CODES);
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
