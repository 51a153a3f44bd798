package org.multipoint.spark;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.files.ModelFiles;
import picocli.CommandLine;
import scala.Tuple2;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The command, from files to figures. */
class SparkEvaluateTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine command = SparkEvaluate.commandLine();
        return command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(args);
    }

    @Test
    void aModelOnImagesInFolders(@TempDir Path folder) throws IOException {
        Path images = folder.resolve("images");
        Files.createDirectories(folder.resolve("all"));
        for (Tuple2<String, Integer> file : SparkEvaluationTest.images(folder.resolve("all"))) {
            Path of = Files.createDirectories(images.resolve("class " + file._2));
            Files.move(Path.of(file._1), of.resolve(Path.of(file._1).getFileName()));
        }
        Files.writeString(images.resolve("class 1").resolve("broken.png"), "no image");
        Path model = folder.resolve("model.zip");
        ModelFiles.write(Networks.classifier(), model);
        assertEquals(0, run(model.toString(), images.toString(), "--master", "local[2]", "--view", "keras", "--size", "8", "--batch", "4"), err.toString());
        assertTrue(out.toString().matches("(?s)30 images on local\\[2\\]: top-1 \\d+\\.\\d\\d %, top-5 100\\.00 %; .*"), out.toString());
        assertTrue(out.toString().contains("left out: " + images.toAbsolutePath().resolve("class 1").resolve("broken.png") + ": not an image"), out.toString());
    }

    @Test
    void badInputIsReportedInOneLine(@TempDir Path folder) {
        assertEquals(2, run("model.zip", folder.toString(), "--view", "upside-down"));
        assertTrue(err.toString().startsWith("--view is upside-down, expected one of ["), err.toString());
        err.getBuffer().setLength(0);
        assertEquals(1, run("model.zip", folder.resolve("none").toString()));
        assertEquals("spark-evaluate: The image folder " + folder.resolve("none") + " does not exist", err.toString().strip());
    }
}
