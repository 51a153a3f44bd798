package org.multipoint.spark;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Which packages of the plugin the module uses, and which types users see. {@code docs/ARCHITECTURE.md} tells the reasons. */
class ArchitectureTest {

    private static final String ROOT = "org.multipoint.";
    private static final Set<String> ARROWS = Set.of("datasets", "files", "internal.calibration", "internal.engine", "internal.examples", "internal.graph",
            "internal.ops", "segments", "transform");
    private static final Set<String> PUBLIC_TYPES = Set.of("SparkEvaluate", "SparkEvaluation", "SparkMultipoint");

    private static final JavaClasses MAIN = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.multipoint.spark");

    @Test
    void packagesThatAreUsed() {
        Set<String> used = MAIN.stream().flatMap(c -> c.getDirectDependenciesFromSelf().stream()).map(d -> d.getTargetClass().getPackageName())
                .filter(name -> name.startsWith(ROOT) && !name.equals(ROOT + "spark")).map(name -> name.substring(ROOT.length()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(ARROWS), used);
    }

    @Test
    void publicTypes() {
        Set<String> found = MAIN.stream().filter(c -> c.isTopLevelClass() && c.getModifiers().contains(JavaModifier.PUBLIC))
                .map(JavaClass::getSimpleName).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(PUBLIC_TYPES), found);
    }
}
