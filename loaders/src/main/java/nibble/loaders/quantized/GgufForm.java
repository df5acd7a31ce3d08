package nibble.loaders.quantized;

import java.util.Optional;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.gguf.GgufCheckpoint;
import nibble.loaders.gguf.GgufTensor;
import nibble.loaders.gguf.GgufWeight;
import nibble.loaders.gguf.IntegerForm;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Weights of a GGUF file. Types that are integers with a scale (Q4_0, Q5_0, Q8_0, Q3_K, Q6_K) run
 * packed, with the same codes and scales, so exactly; types with an offset that is no multiple of
 * the scale have no packed form here and run as F32.
 */
final class GgufForm implements WeightForm {
  private final GgufCheckpoint file;

  GgufForm(GgufCheckpoint file) {
    this.file = file;
  }

  private GgufWeight weight(String name) {
    return Optional.ofNullable(file.weights().get(name)).orElseThrow();
  }

  @Override
  public boolean has(String name) {
    return file.weights().containsKey(name);
  }

  @Override
  public String shapeTensor(String name) {
    return weight(name).tensor().name();
  }

  @Override
  public Shape shape(String name) {
    return weight(name).shape();
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    GgufWeight weight = weight(name);
    return weight.shape().rank() == 2 && weight.shape().size() > 0
        ? weight.tensor().type().integers().map(form -> packed(weight, form))
        : Optional.empty();
  }

  private static PackedWeight packed(GgufWeight weight, IntegerForm form) {
    GgufTensor tensor = weight.tensor();
    int out = tensor.shape().dim(0);
    int in = tensor.shape().dim(1);
    int blockValues = tensor.type().blockValues();
    int groups = in / form.groupSize();
    byte[] codes = new byte[Math.multiplyExact(out, in)];
    float[] scales = new float[out * groups];
    for (int row = 0; row < out; row++) {
      long from = (long) weight.fileRow(row) * (in / blockValues) * tensor.type().blockBytes();
      for (int block = 0; block < in / blockValues; block++) {
        int value = block * blockValues;
        form.reader()
            .read(
                tensor.data(),
                from + (long) block * tensor.type().blockBytes(),
                codes,
                row * in + value,
                scales,
                row * groups + value / form.groupSize());
      }
    }
    return new PackedIntWeight(
        IntWeights.packSymmetric(codes, scales, out, in, form.bits(), form.groupSize()), null);
  }

  @Override
  public Tensor values(String name) {
    return weight(name).values();
  }
}
