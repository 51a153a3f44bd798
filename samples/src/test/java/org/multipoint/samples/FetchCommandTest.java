package org.multipoint.samples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.datasets.RgbImage;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Downloads from a server on this machine that can fail in the ways that servers fail. */
class FetchCommandTest {

    @TempDir
    Path folder;

    private HttpServer server;
    private byte[] content;
    /** Bytes after which the server breaks the connection. */
    private int breaksAfter = Integer.MAX_VALUE;
    private boolean knowsRanges = true;
    private final List<String> ranges = new ArrayList<>();

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        ranges.add(String.valueOf(range));
        int from = range != null && knowsRanges ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
        if (exchange.getRequestURI().getPath().contains("missing")) {
            exchange.sendResponseHeaders(404, -1);
        } else {
            if (from > 0) {
                exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
            exchange.getResponseBody().write(content, from, Math.min(content.length - from, breaksAfter));
        }
        exchange.close();
    }

    private static String digest(String algorithm, byte[] content) throws Exception {
        return algorithm + ":" + HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    }

    private CommandRun fetch(String asset, String file, long bytes, String checksum) throws IOException {
        Path table = folder.resolve("sources.tsv");
        Files.writeString(table, "# a comment\n" + asset + "\thttp://localhost:" + server.getAddress().getPort() + "/some/" + file + "\t"
                + (bytes < 0 ? "-" : bytes) + "\t" + checksum + "\n");
        return CommandRun.of("fetch", asset, "--data", folder.resolve("data"), "--sources", table);
    }

    private CommandRun fetchLabels(long bytes, String checksum) throws IOException {
        return fetch("imagenet-labels", "classes.json", bytes, checksum);
    }

    private void labels() {
        content = "{\"0\": [\"n01440764\", \"tench\"], \"1\": [\"n01443537\", \"gold_fish\"]}".getBytes(StandardCharsets.UTF_8);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder.resolve("data"))) {
            return all.filter(Files::isRegularFile).map(f -> folder.resolve("data").relativize(f).toString()).sorted().toList();
        }
    }

    @Test
    void aGoodDownloadIsLaidOutAndNotFetchedAgain() throws Exception {
        labels();
        CommandRun run = fetchLabels(content.length, digest("SHA-256", content));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("SHA-256 checksum as published"), run.out());
        assertEquals(List.of("imagenet/labels.tsv"), files());
        assertEquals("0\tn01440764\ttench\n1\tn01443537\tgold fish\n", Files.readString(folder.resolve("data/imagenet/labels.tsv")));
        CommandRun again = fetchLabels(content.length, "MD5:0");
        assertEquals(0, again.exitCode(), again.err());
        assertTrue(again.out().contains("is there already"), again.out());
        assertEquals(List.of("null"), ranges);
    }

    @Test
    void withoutAPublishedChecksumTheOneFoundIsTold() throws Exception {
        labels();
        CommandRun run = fetchLabels(-1, "-");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains(digest("SHA-256", content).substring("SHA-256:".length())), run.out());
        assertTrue(run.out().contains("not checked"), run.out());
    }

    @Test
    void aWrongChecksumThrowsTheFileAway() throws Exception {
        labels();
        CommandRun run = fetchLabels(content.length, "MD5:0123456789abcdef0123456789abcdef");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains(digest("MD5", content).substring(4)) && run.err().contains("expected 0123456789abcdef"), run.err());
        assertEquals(List.of(), files());
    }

    @Test
    void anInterruptedDownloadGoesOn() throws Exception {
        labels();
        breaksAfter = 20;
        CommandRun first = fetchLabels(content.length, digest("MD5", content));
        assertEquals(1, first.exitCode());
        assertTrue(first.err().contains("after 20 of " + content.length) && first.err().contains("goes on from there"), first.err());
        assertEquals(List.of("downloads/classes.json.part"), files());
        breaksAfter = Integer.MAX_VALUE;
        CommandRun second = fetchLabels(content.length, digest("MD5", content));
        assertEquals(0, second.exitCode(), second.err());
        assertEquals(List.of("null", "bytes=20-"), ranges);
        assertEquals(List.of("imagenet/labels.tsv"), files());
    }

    @Test
    void aServerThatKnowsNoRangesBeginsAnew() throws Exception {
        labels();
        breaksAfter = 20;
        fetchLabels(content.length, digest("MD5", content));
        breaksAfter = Integer.MAX_VALUE;
        knowsRanges = false;
        CommandRun second = fetchLabels(content.length, digest("MD5", content));
        assertEquals(0, second.exitCode(), second.err());
        assertEquals(List.of("imagenet/labels.tsv"), files());
    }

    /** The server's file is shorter than the published one. */
    @Test
    void aTruncatedFileIsNotTaken() throws Exception {
        labels();
        CommandRun run = fetchLabels(content.length + 1, digest("MD5", content));
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("after " + content.length + " of " + (content.length + 1)), run.err());
        assertFalse(Files.exists(folder.resolve("data/imagenet")));
    }

    @Test
    void aLongerFileIsNotTaken() throws Exception {
        labels();
        CommandRun run = fetchLabels(content.length - 1, digest("MD5", content));
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("expected " + (content.length - 1)), run.err());
        assertEquals(List.of(), files());
    }

    @Test
    void theServersComplaintIsTold() throws Exception {
        labels();
        CommandRun run = fetch("imagenet-labels", "missing.json", content.length, "-");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("status 404") && run.err().contains("missing.json"), run.err());
    }

    @Test
    void aTableWithoutTheNameIsRefused() throws IOException {
        Path table = Files.writeString(folder.resolve("sources.tsv"), "cifar10\tonly a name\n");
        CommandRun broken = CommandRun.of("fetch", "cifar10", "--data", folder, "--sources", table);
        assertEquals(1, broken.exitCode());
        assertTrue(broken.err().contains("only a name"), broken.err());
        Files.writeString(table, "");
        CommandRun empty = CommandRun.of("fetch", "cifar10", "--data", folder, "--sources", table);
        assertTrue(empty.err().contains("no line for cifar10"), empty.err());
        assertEquals(2, CommandRun.of("fetch", "everything", "--data", folder).exitCode());
    }

    private static byte[] tar(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    /** A record of CIFAR-10 whose pixels begin with red 1, green 2, blue 3. */
    private static byte[] record(int label) {
        byte[] record = new byte[3073];
        new Random(label).nextBytes(record);
        record[0] = (byte) label;
        record[1] = 1;
        record[1 + 1024] = 2;
        record[1 + 2048] = 3;
        return record;
    }

    @Test
    void cifar10BecomesAFolderForEachClass() throws Exception {
        byte[] two = Arrays.copyOf(record(3), 2 * 3073);
        System.arraycopy(record(9), 0, two, 3073, 3073);
        content = tar(new TreeMap<>(Map.of("cifar-10-batches-bin/data_batch_1.bin", two, "cifar-10-batches-bin/data_batch_5.bin", record(3),
                "cifar-10-batches-bin/test_batch.bin", record(0), "cifar-10-batches-bin/readme.html", new byte[10])));
        CommandRun run = fetch("cifar10", "cifar-10-binary.tar.gz", content.length, digest("SHA-256", content));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(List.of("cifar10/test/airplane/00000.png", "cifar10/train/cat/1-00000.png", "cifar10/train/cat/5-00000.png",
                "cifar10/train/truck/1-00001.png"), files());
        RgbImage image = RgbImage.read(folder.resolve("data/cifar10/train/truck/1-00001.png"));
        assertArrayEquals(new byte[]{1, 2, 3}, Arrays.copyOf(image.pixels(), 3));
        assertEquals(record(9)[1 + 1023], image.pixels()[3 * 1023]);
    }

    @Test
    void anArchiveThatIsNoneLeavesNothingBehind() throws Exception {
        content = tar(Map.of("cifar-10-batches-bin/test_batch.bin", new byte[100]));
        CommandRun run = fetch("cifar10", "cifar-10-binary.tar.gz", content.length, "-");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("no record"), run.err());
        assertEquals(List.of("downloads/cifar-10-binary.tar.gz"), files());
        content = tar(Map.of("readme", new byte[100]));
        CommandRun other = fetch("cifar10", "other.tar.gz", content.length, "-");
        assertTrue(other.err().contains("nothing in it"), other.err());
    }

    @Test
    void aTruncatedArchiveIsNamed() throws Exception {
        byte[] images = new byte[100_000];
        new Random(1).nextBytes(images);
        content = Arrays.copyOf(tar(Map.of("imagenette2-320/val/n01440764/a.JPEG", images)), 50_000);
        CommandRun run = fetch("imagenette", "imagenette2-320.tgz", content.length, "-");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("imagenette2-320.tgz: the archive is truncated"), run.err());
        assertFalse(Files.exists(folder.resolve("data/imagenet/imagenette")));
        assertEquals(List.of("downloads/imagenette2-320.tgz"), files());
    }

    /** Names that would lead out of the folder are no images of Imagenette. */
    @Test
    void imagenetteKeepsItsFolders() throws Exception {
        content = tar(new TreeMap<>(Map.of("imagenette2-320/val/n01440764/a.JPEG", new byte[]{1}, "imagenette2-320/train/n03888257/b.JPEG",
                new byte[]{2}, "imagenette2-320/noisy.csv", new byte[]{3}, "imagenette2-320/val/n01440764/../../../../evil", new byte[]{4})));
        CommandRun run = fetch("imagenette", "imagenette2-320.tgz", content.length, digest("MD5", content));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(List.of("imagenet/imagenette/train/n03888257/b.JPEG", "imagenet/imagenette/val/n01440764/a.JPEG"), files());
    }
}
