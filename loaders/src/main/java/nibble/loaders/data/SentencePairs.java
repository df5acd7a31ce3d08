package nibble.loaders.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.BadFileException;

/**
 * Pairs of sentences with a score of how alike they mean, as in the STS Benchmark: lines of {@code
 * score <tab> first <tab> second} in UTF-8. Columns beyond the third are not looked at; a first
 * line that begins with the word {@code score} is a header.
 *
 * @param pairs in the order of the file
 */
public record SentencePairs(List<Pair> pairs) {
  /** Two sentences and their score. */
  public record Pair(double score, String first, String second) {}

  public SentencePairs {
    pairs = List.copyOf(pairs);
  }

  /**
   * The pairs in {@code file}.
   *
   * @throws BadFileException if it cannot be read, or a line does not have that form; the message
   *     says which
   */
  public static SentencePairs read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw BadFileException.of(file, "cannot be read as UTF-8 text: " + e);
    }
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!line.isBlank() && !(i == 0 && line.startsWith("score\t"))) {
        pairs.add(pair(file, i + 1, line));
      }
    }
    if (pairs.isEmpty()) {
      throw BadFileException.of(
          file, "holds no pair, expected lines of score, tab, sentence, tab, sentence");
    }
    return new SentencePairs(pairs);
  }

  private static Pair pair(Path file, int number, String line) {
    String[] columns = line.split("\t", -1);
    try {
      double score = Double.parseDouble(columns[0].strip());
      if (columns.length >= 3 && Double.isFinite(score)) {
        return new Pair(score, columns[1], columns[2]);
      }
    } catch (NumberFormatException _) {
      // reported below
    }
    throw BadFileException.of(
        file, "line " + number + " is not score, tab, sentence, tab, sentence");
  }
}
