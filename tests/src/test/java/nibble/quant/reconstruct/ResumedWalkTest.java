package nibble.quant.reconstruct;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import nibble.cli.quantization.CodeStore;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.TokenIds;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.TinyModelFolder;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run that is stopped after it saved something goes on from there, to the same bytes. */
class ResumedWalkTest {
  @TempDir private Path place = Path.of("");

  /** Stops the run at one of its saves, after it was made. */
  private static final class Stopping implements ResumeStore {
    private final ResumeStore store;
    private final int stopAt;
    private final List<String> saved = new ArrayList<>();

    Stopping(ResumeStore store, int stopAt) {
      this.store = store;
      this.stopAt = stopAt;
    }

    @Override
    public Optional<State> load(String name) {
      return store.load(name);
    }

    @Override
    public void save(String name, State state) {
      store.save(name, state);
      saved.add(name + " " + state.step());
      if (saved.size() == stopAt) {
        throw new IllegalStateException("stopped");
      }
    }
  }

  private MethodReport quantize(
      Path source, Path target, String method, String scheme, String options, ResumeStore store)
      throws IOException {
    Map<String, String> own =
        Arrays.stream(options.split(" "))
            .collect(Collectors.toMap(o -> o.split("=")[0], o -> o.split("=")[1]));
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (LoadedModel loaded = ModelLoader.load(source);
        LoadedModel original = ModelLoader.load(source);
        Ops ops = Ops.serial()) {
      MethodReport report =
          new RecipeRunner(
                  catalogue, Presets.recipe(catalogue, method, own, Scheme.parse(scheme), 1))
              .run(
                  ops,
                  loaded.model(),
                  original::model,
                  samples(method),
                  1,
                  MethodProgress.NONE,
                  store);
      Files.createDirectories(target);
      ModelWriter.write(target, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      return report;
    }
  }

  private static boolean isVision(String method) {
    return List.of("brecq", "qdrop", "repquant", "is-vit").contains(method);
  }

  private static SampleSource samples(String method) {
    List<Samples> batches = new ArrayList<>();
    Random random = new Random(2);
    for (int i = 0; i < 4; i++) {
      Tensor inputs =
          isVision(method)
              ? RandomModels.pixels(2, i)
              : TokenIds.tensor(random.ints(12, 0, 90).toArray());
      batches.add(Samples.unlabelled(inputs));
    }
    return SampleSource.of(batches);
  }

  @ParameterizedTest
  @CsvSource({
    "omniquant, W3A8, iterations=4 batch=2",
    "affinequant, W3A16, iterations=4 batch=2",
    "cbq, W3A8, iterations=10 batch=2 rate=0.3 step-rate=0.05 drive=0.001",
    "a2q, W4A8, iterations=30 batch=4 rate=0.03 accumulator-bits=18",
    "discquant, W3A16, iterations=40 batch=2",
    "roste, W4A4, steps=45 batch=2 rows=16",
    "act-reg, W4A4, steps=45 batch=2 lambda=1e-5",
    "gptq+norm-tweaking, W3A16, iterations=4 batch=2 rate=0.05",
    "brecq, W3A8, images=8 iterations=4 batch=2",
    "qdrop, W3A4, images=8 iterations=4 batch=2",
    "repquant, W3A4, images=8 iterations=4 batch=2 clip-iterations=2",
    "is-vit, W3A4, images=8 iterations=4 batch=2 rate=0.001",
  })
  void goesOnToTheSameBytes(String method, String scheme, String options) throws IOException {
    Path source =
        isVision(method)
            ? TinyModelFolder.write(place.resolve("float"))
            : TinyTextFolders.llama(place.resolve("float"));
    CodeStore unused = CodeStore.open(place.resolve("whole"), List.of("run"));
    Stopping whole = new Stopping(unused, -1);
    MethodReport expected =
        quantize(source, place.resolve("whole"), method, scheme, options, whole);
    assertTrue(whole.saved.size() > 1, "saved " + whole.saved);

    CodeStore store = CodeStore.open(place.resolve("resumed"), List.of("run"));
    assertThrows(
        IllegalStateException.class,
        () ->
            quantize(
                source, place.resolve("none"), method, scheme, options, new Stopping(store, 1)));
    Stopping second = new Stopping(store, -1);
    MethodReport report =
        quantize(source, place.resolve("resumed"), method, scheme, options, second);
    assertEquals(
        whole.saved.subList(1, whole.saved.size()), second.saved, "nothing is learned twice");
    assertEquals(expected.facts(), report.facts());
    for (String file : List.of(Checkpoint.CONFIG, Checkpoint.WEIGHTS)) {
      assertEquals(
          -1,
          Files.mismatch(
              place.resolve("whole").resolve(file), place.resolve("resumed").resolve(file)),
          file);
    }
  }
}
