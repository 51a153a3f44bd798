package org.multipoint.samples;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A command line that has run, and what it said. */
record CommandRun(int exitCode, String out, String err) {

    static CommandRun of(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Samples.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        String[] texts = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            texts[i] = args[i].toString();
        }
        return new CommandRun(command.execute(texts), out.toString(), err.toString());
    }
}
