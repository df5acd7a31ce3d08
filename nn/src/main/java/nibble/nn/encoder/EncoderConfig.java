package nibble.nn.encoder;

/** The dimensions of a text encoder, one record for each group of architectures. */
public sealed interface EncoderConfig permits BertConfig, DistilBertConfig, ModernBertConfig {
  /** What all of them have. */
  EncoderSize size();

  /** The same with other values for what transforms of a model change. */
  EncoderConfig with(EncoderSize size);

  /** The same after a transform. */
  default EncoderConfig with(boolean folded) {
    EncoderSize s = size();
    return with(
        new EncoderSize(
            s.architecture(),
            s.vocabulary(),
            s.hidden(),
            s.layers(),
            s.intermediate(),
            s.heads(),
            s.context(),
            s.epsilon(),
            folded));
  }
}
