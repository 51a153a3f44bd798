package org.multipoint.samples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Downloads models and images from where they are published, and lays them out as the other commands read them. */
@Command(name = "fetch", description = "Fetches images and weights from where they are published, checks them, and lays them out as the other "
        + "commands read them. What is there already is left alone; what was interrupted goes on.")
final class FetchCommand implements Callable<Integer> {

    private static final String SOURCES = "sources.tsv";
    private static final String DOWNLOADS = "downloads";

    @Spec
    private CommandSpec command;

    @Parameters(arity = "1..*", paramLabel = "WHAT", description = "${COMPLETION-CANDIDATES}")
    private List<Asset> assets;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Folder for all of it; made where there is none.")
    private Path data;

    @Option(names = "--sources", paramLabel = "FILE.tsv",
            description = "A table of other places to fetch from: name, URL, bytes and checksum (as in MD5:digits), or - for what is not "
                    + "known, with tabs between them.")
    private Path table;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Map<String, Source> sources = sources();
        for (Asset asset : assets) {
            Source source = sources.get(asset.toString());
            if (source == null) {
                throw new IllegalArgumentException((table == null ? SOURCES : table.toString()) + " has no line for " + asset);
            }
            Path place = data.resolve(asset.place());
            notebook.step("%s", asset.description());
            if (Files.exists(place)) {
                notebook.say("%s is there already", place);
                continue;
            }
            Path fetched = data.resolve(DOWNLOADS).resolve(source.fileName());
            if (!Files.exists(fetched)) {
                notebook.say("from %s", source.uri());
                notebook.say("%s", Download.fetch(source, fetched));
            }
            asset.install(fetched, data);
            Files.delete(fetched);
            notebook.say("%s", place);
        }
        notebook.next("quantize a network for CIFAR-10", "cifar10 --data " + Arguments.quoted(data));
        return 0;
    }

    private Map<String, Source> sources() throws IOException {
        try (BufferedReader reader = table != null ? Files.newBufferedReader(table)
                : new BufferedReader(new InputStreamReader(getClass().getResourceAsStream(SOURCES), StandardCharsets.UTF_8))) {
            return Source.table(reader, table == null ? SOURCES : table.toString());
        }
    }
}
