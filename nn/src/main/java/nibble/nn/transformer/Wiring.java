package nibble.nn.transformer;

import java.util.List;
import nibble.nn.Norm;

/**
 * Where the normalisations of a block stand; {@code a} is the attention, {@code f} the feed-forward
 * layer.
 */
public sealed interface Wiring {
  /** All of the block's. */
  List<Norm> norms();

  /**
   * {@code x += a(first(x)); x += f(second(x))}: Llama, Qwen, Phi-3, GPT-2, most of OPT,
   * ModernBERT, CLIP.
   */
  record PreNorm(Norm first, Norm second) implements Wiring {
    @Override
    public List<Norm> norms() {
      return List.of(first, second);
    }
  }

  /** {@code x += afterAttention(a(beforeAttention(x)))}, the same for f: Gemma 2 and 3. */
  record Sandwich(
      Norm beforeAttention, Norm afterAttention, Norm beforeFeedForward, Norm afterFeedForward)
      implements Wiring {
    @Override
    public List<Norm> norms() {
      return List.of(beforeAttention, afterAttention, beforeFeedForward, afterFeedForward);
    }
  }

  /** {@code x += a(first(x)) + f(second(x))}: GPT-NeoX. */
  record Parallel(Norm first, Norm second) implements Wiring {
    @Override
    public List<Norm> norms() {
      return List.of(first, second);
    }
  }

  /** {@code x = first(x + a(x)); x = second(x + f(x))}: BERT and its family, OPT-350m. */
  record PostNorm(Norm first, Norm second) implements Wiring {
    @Override
    public List<Norm> norms() {
      return List.of(first, second);
    }
  }
}
