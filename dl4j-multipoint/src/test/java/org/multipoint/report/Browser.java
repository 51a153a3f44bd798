package org.multipoint.report;

import com.sun.net.httpserver.HttpServer;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A browser without a window. What a page does in it is found by a script of another page, which posts what it found. */
final class Browser {

    private static final long MOST_SECONDS = 120;

    private final Path program;

    private Browser(Path program) {
        this.program = program;
    }

    /** The first one on the path. */
    static Optional<Browser> installed() {
        List<Path> folders = Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator)).map(Path::of).toList();
        return Stream.of("chromium", "chromium-browser", "google-chrome", "firefox")
                .flatMap(name -> folders.stream().map(folder -> folder.resolve(name))).filter(Files::isExecutable).findFirst().map(Browser::new);
    }

    /** Whether it can be told which of light and dark a user prefers. */
    boolean prefersAsAsked() {
        return !program.endsWith("firefox");
    }

    /**
     * Opens a page that embeds another one, and waits for what its script posts to {@code found}.
     *
     * @param dark  whether the user prefers dark pages
     * @param pages by name; {@code index} is opened
     */
    JsonNode open(boolean dark, Path folder, Map<String, String> pages) throws Exception {
        CompletableFuture<String> found = new CompletableFuture<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        pages.forEach((name, text) -> server.createContext("/" + name, exchange -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/html; charset=utf-8");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        }));
        server.createContext("/found", exchange -> {
            found.complete(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
        Process process = start(dark, folder, "http://127.0.0.1:" + server.getAddress().getPort() + "/index");
        try {
            return new ObjectMapper().readTree(found.get(MOST_SECONDS, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            throw new IOException(program + " found nothing within " + MOST_SECONDS + " s", e);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            server.stop(0);
        }
    }

    private Process start(boolean dark, Path folder, String url) throws IOException {
        List<String> command = new ArrayList<>(List.of(program.toString(), "--headless"));
        if (program.endsWith("firefox")) {
            command.addAll(List.of("--profile", folder.toString()));
        } else {
            // No page but our own is ever opened, so the sandbox, which containers do not offer, guards nothing.
            command.addAll(List.of("--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--user-data-dir=" + folder,
                    "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1), "--window-size=1400,900"));
        }
        command.add(url);
        ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        process.environment().put("TMPDIR", folder.toString());
        return process.start();
    }
}
