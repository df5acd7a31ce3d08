package nibble.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Methods that C2 must not put into their callers, or it runs into its limit of nested calls and
 * allocates vectors in some runs, which an allocation test sees once in ten.
 */
class CompiledAloneTest {
  /** {@code FreqInlineSize}: a method with more code is never put into another one. */
  private static final int MOST_INLINED = 325;

  @ParameterizedTest
  @CsvSource({"TiledAttention, soften", "ThinAttention, block"})
  void methodIsTooLongForItsCallers(String type, String name) throws IOException {
    List<Integer> lengths = codeLengths("/nibble/kernels/attention/" + type + ".class", name);
    assertTrue(lengths.size() == 1, name + " is there " + lengths.size() + " times");
    assertTrue(
        lengths.getFirst() > MOST_INLINED,
        name + " has " + lengths.getFirst() + " bytes of code, C2 inlines up to " + MOST_INLINED);
  }

  private static List<Integer> codeLengths(String file, String name) throws IOException {
    try (InputStream bytes = Attention.class.getResourceAsStream(file)) {
      return ClassFile.of().parse(bytes.readAllBytes()).methods().stream()
          .filter(method -> method.methodName().equalsString(name))
          .map(CompiledAloneTest::codeLength)
          .toList();
    }
  }

  private static int codeLength(MethodModel method) {
    return method.code().map(code -> ((CodeAttribute) code).codeLength()).orElseThrow();
  }
}
