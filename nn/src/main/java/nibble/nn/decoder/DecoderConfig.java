package nibble.nn.decoder;

/** The dimensions of a causal language model, one record for each group of architectures. */
public sealed interface DecoderConfig
    permits LlamaConfig, GemmaConfig, Gpt2Config, OptConfig, GptNeoXConfig {
  /** What all of them have. */
  DecoderSize size();

  /** The same with other values for what transforms of a model change. */
  DecoderConfig with(DecoderSize size);

  /** The same after a transform. */
  default DecoderConfig with(boolean tied, boolean folded) {
    DecoderSize s = size();
    return with(
        new DecoderSize(
            s.architecture(),
            s.vocabulary(),
            s.hidden(),
            s.layers(),
            s.intermediate(),
            s.heads(),
            s.keyValueHeads(),
            s.headDim(),
            s.context(),
            s.epsilon(),
            tied,
            folded));
  }
}
