package nibble.loaders.quantized;

import nibble.loaders.json.JsonObject;

/**
 * The {@code quantization_config} of GPTQ checkpoints, as AutoGPTQ and GPTQModel write it.
 *
 * @param bits 2, 3, 4 or 8
 * @param groupSize inputs that share a scale; 0 for one scale per channel ({@code -1} in the file)
 * @param secondVersion whether zero points are stored as they are ({@code checkpoint_format:
 *     gptq_v2}); otherwise each is stored less 1
 */
record GptqConfig(int bits, int groupSize, boolean secondVersion) {
  static GptqConfig of(JsonObject json) {
    int bits = json.integer("bits");
    if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
      throw json.error("bits", "is " + bits + ", expected 2, 3, 4 or 8");
    }
    int groupSize = json.integer("group_size", 128);
    if (groupSize < 1 && groupSize != -1) {
      throw json.error(
          "group_size",
          "is " + groupSize + ", expected a positive number, or -1 for one scale per channel");
    }
    String format = json.string("checkpoint_format", "gptq");
    if (!format.equals("gptq") && !format.equals("gptq_v2")) {
      throw json.error("checkpoint_format", "is '" + format + "', expected gptq or gptq_v2");
    }
    if (json.findObject("dynamic").filter(d -> !d.keys().isEmpty()).isPresent()) {
      throw json.error("dynamic", "gives single layers other settings, which is not supported");
    }
    String words =
        json.findObject("meta")
            .map(m -> m.string("pack_dtype", "int32"))
            .orElse(json.string("pack_dtype", "int32"));
    if (!words.equals("int32")) {
      throw json.error("pack_dtype", "is '" + words + "', expected int32");
    }
    return new GptqConfig(bits, Math.max(groupSize, 0), format.equals("gptq_v2"));
  }
}
