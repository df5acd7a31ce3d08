package nibble.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of {@code docs/architecture.md} that a class file shows. */
class ArchitectureTest {
  /**
   * Only Nibble's main classes: tests share their packages, so they are told apart by where they
   * lie.
   */
  private static final JavaClasses NIBBLE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("nibble");

  /** What each module may know of Nibble besides itself. */
  private static final Map<String, List<String>> KNOWS =
      Map.of(
          "kernels", List.of(),
          "tensor", List.of("kernels"),
          "nn", List.of("kernels", "tensor"),
          "loaders", List.of("kernels", "tensor", "nn"),
          "quant", List.of("kernels", "tensor", "nn"),
          "cli", List.of("kernels", "tensor", "nn", "loaders", "quant"),
          "adapters", List.of("kernels", "tensor", "nn", "loaders"));

  @Test
  void everyModuleIsScanned() {
    TreeSet<String> found = new TreeSet<>();
    NIBBLE.forEach(c -> found.add(c.getPackageName().split("\\.")[1]));
    assertEquals(new TreeSet<>(KNOWS.keySet()), found);
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels", "tensor", "nn", "loaders", "quant", "cli", "adapters"})
  void modulesKnowOnlyThoseBelow(String module) {
    String[] unknown =
        KNOWS.keySet().stream()
            .filter(other -> !other.equals(module) && !KNOWS.get(module).contains(other))
            .map(other -> "nibble." + other + "..")
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage("nibble." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(unknown)
        .allowEmptyShould(true)
        .check(NIBBLE);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("nibble.(**)").should().beFreeOfCycles().check(NIBBLE);
  }

  @Test
  void onlyKernelsTouchTheVectorApi() {
    noClasses()
        .that()
        .resideOutsideOfPackage("nibble.kernels..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
        .check(NIBBLE);
  }

  @Test
  void onlyTheCommandLinePrints() {
    noClasses()
        .that()
        .resideOutsideOfPackage("nibble.cli..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(NIBBLE);
  }

  @Test
  void logsGoThroughSystemLogger() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.util.logging..")
        .check(NIBBLE);
  }

  @Test
  void thereIsNoStaticMutableState() {
    fields()
        .that()
        .areStatic()
        .and()
        .doNotHaveModifier(JavaModifier.SYNTHETIC)
        .should()
        .beFinal()
        .check(NIBBLE);
  }

  @Test
  void everyPackageIsNullMarked() {
    List<String> unmarked =
        StreamSupport.stream(NIBBLE.spliterator(), false)
            .map(JavaClass::getPackage)
            .distinct()
            .filter(
                p ->
                    !p.isAnnotatedWith(NullMarked.class)
                        && p.getClasses().stream()
                            .anyMatch(c -> !c.getSimpleName().equals("package-info")))
            .map(p -> p.getName())
            .filter(name -> !name.isEmpty())
            .sorted()
            .toList();
    assertEquals(List.of(), unmarked);
  }
}
