package nibble.quant.kvcache;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import nibble.nn.Model;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.CacheShape;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.quant.model.MethodReport;

/** The layers of a language model whose keys and values are cached. */
final class CacheLayers {
  private CacheLayers() {}

  static CausalLanguageModel languageModel(String method, Model model) {
    if (model instanceof CausalLanguageModel language) {
      return language;
    }
    throw new IllegalArgumentException(
        "%s quantizes the key-value cache of causal language models; %s has none"
            .formatted(method, model.architecture()));
  }

  /** Gives every layer the format that {@code formats} makes for it, all or none. */
  static MethodReport install(
      String method, Model model, Function<TransformerBlock, CacheFormat> formats) {
    List<TransformerBlock> blocks = languageModel(method, model).blocks();
    Map<SelfAttention, CacheFormat> chosen = new LinkedHashMap<>();
    for (TransformerBlock block : blocks) {
      CacheFormat format = formats.apply(block);
      try {
        format.check(shape(block));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("'" + block.name() + "': " + e.getMessage(), e);
      }
      chosen.put(block.attention(), format);
    }
    chosen.forEach(SelfAttention::setCacheFormat);
    double bits = 0;
    for (Map.Entry<SelfAttention, CacheFormat> entry : chosen.entrySet()) {
      bits +=
          entry.getValue().bitsPerChannel(entry.getKey().parts().core().cacheShape())
              / chosen.size();
    }
    return new MethodReport(List.of(), Map.of(method + ".bits_per_channel", bits), List.of());
  }

  static CacheShape shape(TransformerBlock block) {
    return block.attention().parts().core().cacheShape();
  }
}
