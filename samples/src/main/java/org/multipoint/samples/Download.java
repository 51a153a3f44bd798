package org.multipoint.samples;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;

/** Downloads published files. The part that an interrupted download has received is kept, and the next download resumes from there. */
final class Download {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int OK = 200;
    private static final int PARTIAL = 206;
    private static final int BUFFER = 1 << 16;

    private final Source source;
    private final Path target;
    private final Path part;

    private Download(Source source, Path target) {
        this.source = source;
        this.target = target;
        this.part = target.resolveSibling(target.getFileName() + ".part");
    }

    /**
     * Fetches a file and checks its length and checksum; it appears under its name once both are right.
     *
     * @return a description of what was checked
     * @throws IOException where it cannot be fetched, is incomplete or is not what it should be; the message says what was expected and
     *                     what was found
     */
    static String fetch(Source source, Path target) throws IOException, InterruptedException {
        Files.createDirectories(target.toAbsolutePath().getParent());
        return new Download(source, target).fetch();
    }

    private String fetch() throws IOException, InterruptedException {
        long have = Files.exists(part) ? Files.size(part) : 0;
        if (source.bytes() < 0 || have != source.bytes()) {
            receive(source.bytes() >= 0 && have < source.bytes() ? have : 0);
        }
        String digest = digest(part, source.algorithm().orElse("SHA-256"));
        if (source.algorithm().isPresent() && !digest.equals(source.checksum())) {
            Files.delete(part);
            throw new IOException(source.uri() + ": the file that came has the " + source.algorithm().get() + " checksum " + digest
                    + ", expected " + source.checksum() + "; it was thrown away");
        }
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return source.algorithm().map(a -> a + " checksum as published")
                .orElse("its SHA-256 checksum is " + digest + "; none is published, so that it was not checked");
    }

    /** @param have bytes that an earlier download has received */
    private void receive(long have) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(source.uri()).timeout(TIMEOUT);
        if (have > 0) {
            request.header("Range", "bytes=" + have + "-");
        }
        HttpResponse<InputStream> response = HttpClient.newBuilder().connectTimeout(TIMEOUT)
                .followRedirects(HttpClient.Redirect.NORMAL).build().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream in = response.body()) {
            boolean goesOn = response.statusCode() == PARTIAL
                    && response.headers().firstValue("Content-Range").orElse("").startsWith("bytes " + have + "-");
            if (response.statusCode() != OK && !goesOn) {
                throw new IOException(source.uri() + ": the server answered with status " + response.statusCode());
            }
            long start = goesOn ? have : 0;
            long expected = source.bytes() >= 0 ? source.bytes()
                    : response.headers().firstValueAsLong("Content-Length").orElse(-1 - start) + start;
            try (OutputStream out = goesOn ? Files.newOutputStream(part, StandardOpenOption.APPEND) : Files.newOutputStream(part);
                 Progress progress = Progress.ofBytes(source.fileName(), expected)) {
                copy(in, out, start, expected, progress);
            }
        }
    }

    private void copy(InputStream in, OutputStream out, long start, long expected, Progress progress) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long done = start;
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                done += n;
                progress.stepTo(done);
            }
        } catch (IOException e) {
            throw new IOException(incomplete(done, expected) + " (" + e.getMessage() + ")", e);
        }
        if (expected >= 0 && done < expected) {
            throw new IOException(incomplete(done, expected));
        }
        if (expected >= 0 && done > expected) {
            out.close();
            Files.delete(part);
            throw new IOException(source.uri() + ": " + done + " bytes came, expected " + expected + "; they were thrown away");
        }
    }

    private String incomplete(long done, long expected) {
        return source.uri() + ": the download ended after " + done + " of " + (expected < 0 ? "an unknown number of" : expected)
                + " bytes; the same command goes on from there";
    }

    private static String digest(Path file, String algorithm) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IOException("There is no checksum " + algorithm, e);
        }
    }
}
