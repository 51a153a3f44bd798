package org.multipoint;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toCollection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which package may use which, and which types users see. {@code docs/ARCHITECTURE.md} tells the reasons. */
class ArchitectureTest {

    private static final String ROOT = "org.multipoint.";

    /** The packages that each package may use besides itself; whatever is not listed it may not. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("internal.ops", Set.of()),
            Map.entry("internal.text", Set.of()),
            Map.entry("internal.files", Set.of()),
            Map.entry("internal.html", Set.of()),
            Map.entry("internal.json", Set.of()),
            Map.entry("points", Set.of()),
            Map.entry("formats", Set.of()),
            Map.entry("training", Set.of("internal.text", "formats")),
            Map.entry("internal.linalg", Set.of("internal.ops")),
            Map.entry("options", Set.of("points")),
            Map.entry("report", Set.of("internal.text", "internal.html", "internal.files", "internal.json", "options", "points")),
            Map.entry("internal.calibration", Set.of("internal.ops", "internal.linalg", "options")),
            Map.entry("internal.quantizer", Set.of("internal.ops", "internal.linalg", "internal.calibration", "options", "points")),
            Map.entry("internal.ompq", Set.of("internal.ops", "internal.linalg")),
            Map.entry("internal.engine", Set.of("internal.ops", "points")),
            Map.entry("layers", Set.of("internal.ops", "internal.json", "internal.engine", "points", "report")),
            Map.entry("internal.graph", Set.of("internal.ops", "internal.engine", "layers", "points")),
            Map.entry("internal.examples", Set.of("internal.ops", "internal.calibration", "internal.graph")),
            Map.entry("training.bsq", Set.of("internal.ops", "internal.calibration", "internal.engine", "internal.graph", "layers", "options",
                    "points", "report")),
            Map.entry("segments", Set.of("internal.ops", "internal.json", "internal.engine", "internal.graph", "layers", "points", "report")),
            Map.entry("internal.onnx", Set.of("internal.ops", "internal.engine", "internal.graph", "segments")),
            Map.entry("files", Set.of("internal.files")),
            Map.entry("onnx", Set.of("internal.engine", "internal.files", "internal.graph", "internal.onnx", "segments")),
            Map.entry("transform", Set.of("internal.ops", "internal.text", "internal.linalg", "internal.calibration", "internal.quantizer", "internal.ompq",
                    "internal.engine", "internal.examples", "internal.graph", "options", "points", "report", "layers", "segments")));

    /** The types that users see. A change here is a decision: it is a promise to them, or breaks one. */
    private static final Set<String> PUBLIC_TYPES = Set.of(
            "files.MalformedModelException", "files.ModelFiles",
            "formats.NumberFormat",
            "layers.LayerKind", "layers.MultipointConvolution1DLayer", "layers.MultipointConvolutionLayer",
            "layers.MultipointDeconvolution2D", "layers.MultipointDenseLayer", "layers.MultipointDepthwiseConvolution2D",
            "layers.MultipointOutputLayer", "layers.MultipointRnnOutputLayer",
            "layers.MultipointSeparableConvolution2D", "layers.MultipointWeightOnlyLayer", "layers.MultipointWeights", "layers.StoredMatrix",
            "layers.WeightOnlyKind",
            "onnx.OnnxExport",
            "options.Method", "options.MultipointOptions",
            "points.CodeGrid", "points.CodeTrellis", "points.MalformedPayloadException", "points.MultipointMatrix", "points.ScaleLayout", "points.StoredSize",
            "report.CompilationReport", "report.InputReport", "report.LayerReport", "report.Measurement", "report.MultipointReport",
            "report.Provenance", "report.SensitivityReport",
            "segments.Additions", "segments.CompiledGraph", "segments.Segment", "segments.SegmentOutputLayer", "segments.SegmentResult", "segments.SegmentVertex",
            "segments.Segments",
            "training.bsq.Bsq", "training.LossScaling", "training.LowPrecision", "training.LowPrecisionReport", "training.LowPrecisionTraining", "training.TensorKind",
            "transform.ExampleSource", "transform.Multipoint", "transform.MultipointModels", "transform.MultipointResult", "transform.TransformListener");

    private static JavaClasses main;

    @BeforeAll
    static void read() {
        main = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("org.multipoint");
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("org.multipoint.(**)").should().beFreeOfCycles().check(main);
    }

    static Stream<String> packages() {
        return new TreeSet<>(ARROWS.keySet()).stream();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void packagesUseOnlyThoseBelowThem(String name) {
        String[] allowed = Stream.concat(Stream.of(name), ARROWS.get(name).stream()).map(n -> ROOT + n).toArray(String[]::new);
        classes().that().resideInAPackage(ROOT + name).should().onlyDependOnClassesThat(
                DescribedPredicate.not(resideInAPackage("org.multipoint..")).or(resideInAnyPackage(allowed))).check(main);
    }

    @Test
    void everyPackageHasItsArrows() {
        Set<String> found = main.stream().map(c -> c.getPackageName().substring(ROOT.length())).collect(toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(ARROWS.keySet()), found);
    }

    @Test
    void publicTypesAreThoseOfTheList() {
        Set<String> found = main.stream().filter(ArchitectureTest::isPublicType)
                .map(c -> c.getName().substring(ROOT.length())).collect(toCollection(TreeSet::new));
        Set<String> added = new TreeSet<>(found);
        added.removeAll(PUBLIC_TYPES);
        Set<String> missing = new TreeSet<>(PUBLIC_TYPES);
        missing.removeAll(found);
        assertTrue(added.isEmpty() && missing.isEmpty(), () -> "public, but not in PUBLIC_TYPES: " + added
                + "; in PUBLIC_TYPES, but not public: " + missing + "; " + found.size() + " are public");
    }

    private static boolean isPublicType(JavaClass c) {
        return !c.getPackageName().startsWith(ROOT + "internal") && c.isTopLevelClass() && c.getModifiers().contains(JavaModifier.PUBLIC);
    }

    @Test
    void whatUsersCallSpeaksOfPublicTypesAlone() {
        List<String> leaks = main.stream()
                .filter(ArchitectureTest::isPublicType)
                .filter(c -> Set.of("transform", "options", "report", "onnx", "files", "training")
                        .contains(c.getPackageName().substring(ROOT.length())))
                .flatMap(c -> Stream.concat(c.getMethods().stream(), c.getConstructors().stream()))
                .filter(m -> m.getModifiers().contains(JavaModifier.PUBLIC))
                .filter(m -> m.getAllInvolvedRawTypes().stream().anyMatch(t -> t.getPackageName().startsWith(ROOT + "internal")))
                .map(JavaMember::getFullName).sorted().toList();
        assertEquals(List.of(), leaks);
    }

    @Test
    void theMathematicsKnowsNoNetworks() {
        noClasses().that().resideInAnyPackage(named("internal.ops", "internal.linalg", "internal.calibration", "internal.quantizer", "internal.ompq",
                        "points", "formats"))
                .should().dependOnClassesThat().resideInAPackage("org.deeplearning4j..").check(main);
    }

    @Test
    void enginesKnowNeitherGraphsNorFiles() {
        noClasses().that().resideInAPackage(ROOT + "internal.engine").should().dependOnClassesThat().resideInAnyPackage(
                "org.deeplearning4j.nn.graph..", "org.deeplearning4j.nn.conf..", "org.deeplearning4j.nn.multilayer..",
                "org.nd4j.shade.jackson..", "java.nio.file..").check(main);
    }

    @Test
    void onlyTheOneDnnEngineUsesTheOptionalDependency() {
        noClasses().that().haveNameNotMatching("org\\.multipoint\\.internal\\.engine\\.OneDnn.*").should().dependOnClassesThat()
                .resideInAPackage("org.bytedeco.dnnl..").check(main);
    }

    private static String[] named(String... packages) {
        return Stream.of(packages).map(p -> ROOT + p).toArray(String[]::new);
    }

    /** The equality that a record gets for nothing compares arrays by identity. */
    @Test
    void recordsWithArraysCompareTheirValues() {
        List<String> identical = main.stream().filter(JavaClass::isRecord)
                .filter(c -> c.getFields().stream().anyMatch(f -> !f.getModifiers().contains(JavaModifier.STATIC) && f.getRawType().isArray()))
                .filter(c -> c.getMethodCallsFromSelf().stream().noneMatch(call -> call.getOrigin().getName().equals("equals")
                        && call.getTargetOwner().isEquivalentTo(Arrays.class)))
                .map(JavaClass::getName).sorted().toList();
        assertEquals(List.of(), identical);
    }
}
