package nibble.loaders.tokenizer;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Prints how fast tokenizers are, by the processor time of the thread: a whole text at once, and
 * its lines one by one. Arguments: a UTF-8 text, then folders with tokenizers. The best of twelve
 * rounds counts.
 */
final class TokenizerSpeed {
  private static final int ROUNDS = 12;

  private TokenizerSpeed() {}

  public static void main(String[] args) throws IOException {
    String text = Files.readString(Path.of(args[0]));
    List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    for (String folder : Arrays.asList(args).subList(1, args.length)) {
      Tokenizer tokenizer = Tokenizers.load(Path.of(folder));
      double whole = seconds(() -> tokenizer.encode(text).ids());
      double single = seconds(() -> lines.forEach(line -> tokenizer.encode(line).ids()));
      System.out.printf(
          "%s: %,d bytes at once %.2f MB/s, %,d lines one by one %.1f us each%n",
          folder, bytes, bytes / whole * 1e-6, lines.size(), single / lines.size() * 1e6);
    }
  }

  private static double seconds(Runnable work) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < ROUNDS; i++) {
      long start = threads.getCurrentThreadCpuTime();
      work.run();
      least = Math.min(least, threads.getCurrentThreadCpuTime() - start);
    }
    return least * 1e-9;
  }
}
