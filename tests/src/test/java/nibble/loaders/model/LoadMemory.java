package nibble.loaders.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.nn.TokenIds;
import nibble.tensor.Ops;

/**
 * Prints what a language model costs: memory of the process before and after the load and after the
 * first tokens, from {@code /proc} of Linux. To be run by hand: {@code java --add-modules
 * jdk.incubator.vector -Xmx1g -cp tests/target/test-classes:$(cat tests/target/classpath)
 * nibble.loaders.model.LoadMemory FOLDER}.
 */
final class LoadMemory {
  private LoadMemory() {}

  private static void print(String when) throws IOException, InterruptedException {
    System.gc();
    Thread.sleep(300);
    StringBuilder line = new StringBuilder(when);
    for (String entry : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (entry.startsWith("RssAnon") || entry.startsWith("RssFile")) {
        line.append("  ").append(entry.replaceAll("\\s+", " "));
      }
    }
    System.out.println(line);
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    print("started");
    try (LoadedModel loaded = ModelLoader.load(Path.of(args[0]));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      print("loaded");
      loaded.languageModel().forward(ops, TokenIds.tensor(new int[] {1, 2, 3, 4}));
      print("ran");
      System.out.printf(
          "%,d bytes of tensors, %,d of packed layers%n",
          loaded.checkpoint().tensors().byteSize(),
          loaded.model().linears().stream().mapToLong(linear -> linear.matrix().bytes()).sum());
    }
  }
}
