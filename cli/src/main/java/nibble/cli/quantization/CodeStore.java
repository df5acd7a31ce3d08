package nibble.cli.quantization;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.BadFileException;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.WeightMethod;
import nibble.quant.model.ResumeStore;
import nibble.quant.observer.AttentionConcentration;
import nibble.quant.observer.Hessian;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The codes of finished layers and the states of long methods, one file each, so that an
 * interrupted run can go on. Files carry a digest of what was asked for; those of another run are
 * an error, not a surprise. Of codes only integers are remembered; binary codes need no calibration
 * data and are computed again.
 */
public final class CodeStore implements ResumeStore {
  private static final String DIGEST = "run";
  private static final String STEP = "step";

  private final Path folder;
  private final String digest;

  private CodeStore(Path folder, String digest) {
    this.folder = folder;
    this.digest = digest;
  }

  /** Where the store of output folder {@code out} lies. */
  public static Path place(Path out) {
    Path whole = out.toAbsolutePath().normalize();
    return whole.resolveSibling("." + whole.getFileName() + ".resume");
  }

  /**
   * The store of {@code out}. Its folder appears with the first layer, so a run that fails before
   * leaves nothing behind.
   *
   * @param identity everything that the codes depend on
   */
  public static CodeStore open(Path out, List<String> identity) {
    MessageDigest sha = Calibration.sha256();
    identity.forEach(part -> sha.update((part + "\n").getBytes(StandardCharsets.UTF_8)));
    return new CodeStore(place(out), HexFormat.of().formatHex(sha.digest()));
  }

  /** Number of layers and states in the store. */
  public long size() {
    if (!Files.exists(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".safetensors")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes the store. */
  public void delete() {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@code method}, which looks into the store first and puts there what it had to compute. */
  public WeightMethod remembering(WeightMethod method) {
    return new WeightMethod() {
      @Override
      public String name() {
        return method.name();
      }

      @Override
      public boolean needsHessian() {
        return method.needsHessian();
      }

      @Override
      public Optional<AttentionConcentration> tokenWeights() {
        return method.tokenWeights();
      }

      @Override
      public long packedBytes(int out, int in, WeightScheme scheme) {
        return method.packedBytes(out, in, scheme);
      }

      @Override
      public QuantizedWeight quantize(
          String name,
          Tensor weight,
          @Nullable Hessian hessian,
          WeightScheme scheme,
          WorkSplitter splitter) {
        Optional<QuantizedTensor> stored = load(name, weight, scheme);
        if (stored.isPresent()) {
          return stored.get();
        }
        QuantizedWeight codes = method.quantize(name, weight, hessian, scheme, splitter);
        if (codes instanceof QuantizedTensor integers) {
          save(name, integers);
        }
        return codes;
      }
    };
  }

  @Override
  public void save(String name, State state) {
    createFolder();
    Map<String, Tensor> tensors = new TreeMap<>(state.tensors());
    SafetensorsWriter.write(
        stateFile(name), tensors, Map.of(DIGEST, digest, STEP, Long.toString(state.step())));
  }

  @Override
  public Optional<State> load(String name) {
    Path file = stateFile(name);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (Safetensors stored = Safetensors.open(file)) {
      checkRun(stored, file);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      stored
          .tensors()
          .forEach(
              (key, tensor) ->
                  tensors.put(key, Tensor.of(tensor.toFloats(), tensor.shape().dims())));
      return Optional.of(
          new State(Long.parseLong(stored.metadata().getOrDefault(STEP, "0")), tensors));
    } catch (NumberFormatException e) {
      throw BadFileException.of(
          file, "has no number under '" + STEP + "'; remove " + folder + " and begin anew");
    }
  }

  private Path stateFile(String name) {
    return folder.resolve("state." + name + ".safetensors");
  }

  private void createFolder() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void checkRun(Safetensors stored, Path file) {
    if (!digest.equals(stored.metadata().get(DIGEST))) {
      throw BadFileException.of(
          file,
          "belongs to a run with other arguments; remove "
              + folder
              + " or give the same arguments");
    }
  }

  private Path file(String layer) {
    return folder.resolve(layer + ".safetensors");
  }

  private void save(String layer, QuantizedTensor codes) {
    createFolder();
    QuantParams params = codes.params();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("codes", bytes(codes.codes(), codes.out(), codes.in()));
    tensors.put("scales", Tensor.of(params.scales(), params.scales().length));
    tensors.put("zero_points", bytes(params.zeroPoints(), params.zeroPoints().length));
    SafetensorsWriter.write(file(layer), tensors, Map.of(DIGEST, digest));
  }

  private static Tensor bytes(byte[] values, int... dims) {
    return Tensor.ofSegment(MemorySegment.ofArray(values), DType.I8, Shape.of(dims));
  }

  private Optional<QuantizedTensor> load(String layer, Tensor weight, WeightScheme scheme) {
    Path file = file(layer);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (Safetensors tensors = Safetensors.open(file)) {
      checkRun(tensors, file);
      QuantParams params =
          new QuantParams(
              scheme.format(),
              scheme.granularity(),
              weight.dim(0),
              weight.dim(1),
              tensors.tensor("scales").toFloats(),
              tensors.tensor("zero_points").segment().toArray(ValueLayout.JAVA_BYTE));
      return Optional.of(
          new QuantizedTensor(
              tensors.tensor("codes").segment().toArray(ValueLayout.JAVA_BYTE), params));
    } catch (IllegalArgumentException e) {
      throw BadFileException.of(file, "does not fit layer '" + layer + "': " + e.getMessage());
    }
  }
}
