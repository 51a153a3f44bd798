package org.multipoint.samples;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.samples.models.NpzFiles;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Bad input ends in one line that says what is wrong, and in an exit code of 2 where the arguments themselves are wrong, else 1. */
class BadInputTest {

    @TempDir
    Path data;

    private Path weights;

    @BeforeEach
    void aFolderOfImagesAndWeights() throws IOException {
        weights = NpzFiles.write(data.resolve("tiny.npz"), NpzFiles.resNet(1, 2, 10));
        for (String part : new String[]{"train", "test"}) {
            Path folder = Files.createDirectories(data.resolve(part).resolve("cat"));
            for (int i = 0; i < 2; i++) {
                ImageIO.write(new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB), "png", folder.resolve(i + ".png").toFile());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "--bits 9, '2 to 8, found 9'",
        "--bits 1, '2 to 8, found 1'",
        "--bits 4-1, '4-1'",
        "'--bits 4,12', '2 to 8, found 12'",
        "--extra -0.1, '0 or more, found -0.1'",
        "--extra NaN, '0 or more, found NaN'",
        "--stored-bits 0, 'more than 0, found 0.0'",
        "--max-drop -1, '0 to 100, found -1.0'",
        "--bytes -5, 'more than 0, found -5'",
        "--calibration 0, '1 or more, found 0'",
        "--test -1, '1 or more, found -1'",
        "--method magic, magic",
        "--granularity pixel, pixel",
        "--json /no/such/folder/a.json, /no/such/folder/a.json",
        "--colour red, --colour"})
    void argumentsThatMakeNoSense(String arguments, String complaint) {
        String[] words = arguments.split(" ");
        assertComplaint(2, complaint, CommandRun.of("cifar10", "--data", data, "--model", weights, words[0], words[1]));
    }

    /** Before any work, also where the model or the images are missing. */
    @ParameterizedTest
    @CsvSource({"cifar10 --data /nowhere --out", "cifar10 --data /nowhere --plot", "ablation --data /nowhere --markdown",
        "neighbours --data /nowhere --plot", "neighbours --data /nowhere --json", "neighbours --data /nowhere --markdown",
        "curve --data /nowhere --plot", "curve --data /nowhere --json", "train --out", "quickstart --json", "imagenet --model none.zip --images /nowhere --out"})
    void filesThatCannotBeWritten(String arguments) {
        for (String file : new String[]{"/no/such/folder/file", data.toString(), "/", weights + "/file"}) {
            assertComplaint(2, "a file in a folder that can be written to, found " + file, CommandRun.of((Object[]) (arguments + " " + file).split(" ")));
        }
    }

    @Test
    void neighboursOfOtherWidths() {
        assertComplaint(2, "--bits must be 3 or 4, found 5", CommandRun.of("neighbours", "--data", data, "--model", weights, "--bits", "4,5"));
        assertComplaint(2, "--alphas must be 0 or more, found -1.0",
                CommandRun.of("neighbours", "--data", data, "--model", weights, "--alphas", "2,-1"));
        assertComplaint(2, "--epochs must be 1 or more, found 0", CommandRun.of("neighbours", "--data", data, "--model", weights, "--epochs", "0"));
        assertComplaint(2, "--rate must be more than 0, found 0.0", CommandRun.of("neighbours", "--data", data, "--model", weights, "--rate", "0"));
    }

    @Test
    void curvesOfNothing() {
        assertComplaint(2, "--budgets must be more than 1 and at most 8, found 9.0", CommandRun.of("curve", "--data", data, "--budgets", "2,9"));
        assertComplaint(2, "--resume needs --json", CommandRun.of("curve", "--data", data, "--resume"));
        assertComplaint(2, "mutually exclusive", CommandRun.of("curve", "--data", data, "--images", data));
    }

    @Test
    void twoBudgets() {
        assertComplaint(2, "mutually exclusive", CommandRun.of("cifar10", "--data", data, "--extra", "0.1", "--bytes", "100"));
    }

    @Test
    void aMissingArgument() {
        assertComplaint(2, "--data", CommandRun.of("cifar10"));
    }

    @ParameterizedTest
    @CsvSource({"unknown, unknown", ", subcommand"})
    void noSuchCommand(String command, String complaint) {
        assertComplaint(2, complaint, command == null ? CommandRun.of() : CommandRun.of(command));
    }

    @Test
    void missingWeights() {
        assertComplaint(1, "none.npz", CommandRun.of("cifar10", "--data", data, "--model", "none.npz"));
    }

    @Test
    void aNameWithoutWeights() {
        assertComplaint(1, "resnet999-cifar10.npz", CommandRun.of("cifar10", "--data", data, "--model", "resnet999"));
    }

    @Test
    void truncatedWeights() throws IOException {
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(bytes, bytes.length - 100));
        assertComplaint(1, "truncated or altered", CommandRun.of("cifar10", "--data", data, "--model", weights));
    }

    @Test
    void missingImages() {
        assertComplaint(1, "nowhere", CommandRun.of("cifar10", "--data", data.resolve("nowhere"), "--model", weights));
    }

    @Test
    void anUnknownClass() throws IOException {
        Files.move(data.resolve("test/cat"), data.resolve("test/unicorn"));
        assertComplaint(1, "unicorn", CommandRun.of("cifar10", "--data", data, "--model", weights));
    }

    @Test
    void imagesOfAnotherSize() throws IOException {
        ImageIO.write(new BufferedImage(31, 32, BufferedImage.TYPE_INT_RGB), "png", data.resolve("test/cat/0.png").toFile());
        assertComplaint(1, "0.png", CommandRun.of("cifar10", "--data", data, "--model", weights));
    }

    @Test
    void aFolderInThePlaceOfAModel() {
        assertComplaint(1, "this is a folder", CommandRun.of("quickstart", "--model", data));
    }

    @Test
    void aModelThatIsNone() {
        assertComplaint(1, "tiny.npz", CommandRun.of("quickstart", "--model", weights));
    }

    @Test
    void whatOwnCodeRefusesIsBadInput() {
        assertTrue(Samples.isBadInput(new IllegalArgumentException("3 channels, expected 1")));
        assertTrue(Samples.isBadInput(new IllegalStateException("the payload is damaged", new IllegalArgumentException("checksum"))));
        assertTrue(Samples.isBadInput(new UncheckedIOException(new IOException("no space left"))));
    }

    @Test
    void bugsAreNotTakenForBadInput() {
        assertFalse(Samples.isBadInput(assertThrows(NumberFormatException.class, () -> Integer.parseInt("x"))));
        assertFalse(Samples.isBadInput(new IllegalStateException("the vertex failed", new NullPointerException())));
        assertFalse(Samples.isBadInput(new ArrayIndexOutOfBoundsException(3)));
    }

    private static void assertComplaint(int exitCode, String complaint, CommandRun run) {
        assertEquals(exitCode, run.exitCode(), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().startsWith("samples") && run.err().contains(complaint), run.err());
    }
}
