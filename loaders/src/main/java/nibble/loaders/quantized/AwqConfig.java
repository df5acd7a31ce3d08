package nibble.loaders.quantized;

import java.util.Locale;
import nibble.loaders.json.JsonObject;

/**
 * The {@code quantization_config} of AWQ checkpoints, as AutoAWQ writes it. Only 4 bits in the
 * layout of version {@code gemm} exist in practice and are read.
 *
 * @param groupSize inputs that share a scale; 0 for one scale per channel ({@code -1} in the file)
 */
record AwqConfig(int groupSize) {
  static AwqConfig of(JsonObject json) {
    int bits = json.integer("bits", json.integer("w_bit", 4));
    if (bits != 4) {
      throw json.error("bits", "is " + bits + ", expected 4");
    }
    String version = json.string("version", "gemm").toLowerCase(Locale.ROOT);
    if (!version.equals("gemm")) {
      throw json.error("version", "is '" + version + "', whose layout is another; expected gemm");
    }
    int groupSize = json.integer("group_size", json.integer("q_group_size", 128));
    if (groupSize < 1 && groupSize != -1) {
      throw json.error(
          "group_size",
          "is " + groupSize + ", expected a positive number, or -1 for one scale per channel");
    }
    return new AwqConfig(Math.max(groupSize, 0));
  }
}
