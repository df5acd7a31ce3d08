package nibble.loaders.gguf;

import java.util.List;

/**
 * A value of the metadata. Integers of every width are {@code long}; unsigned 64-bit ones above its
 * range are refused.
 */
public sealed interface GgufValue {
  record Int(long value) implements GgufValue {}

  record Real(double value) implements GgufValue {}

  record Bool(boolean value) implements GgufValue {}

  record Text(String value) implements GgufValue {}

  record Ints(long[] values) implements GgufValue {}

  record Reals(float[] values) implements GgufValue {}

  record Texts(List<String> values) implements GgufValue {}

  /** What it is, for messages. */
  default String kind() {
    return switch (this) {
      case Int _ -> "an integer";
      case Real _ -> "a number";
      case Bool _ -> "a boolean";
      case Text _ -> "a string";
      case Ints _ -> "an array of integers";
      case Reals _ -> "an array of numbers";
      case Texts _ -> "an array of strings";
    };
  }
}
