package nibble.nn.transformer;

import java.util.List;

/**
 * How the frequencies of a rotary embedding are changed for contexts longer than those a model was
 * first trained with. Formulas follow {@code modeling_rope_utils} of Hugging Face transformers;
 * keys of {@code rope_scaling} in {@code config.json} are named with each case.
 *
 * <pre>{@code
 * theta_i = base^(-2 i / dims), i = 0 .. dims / 2 - 1      angle of position p: p * theta_i
 * }</pre>
 */
public sealed interface RopeScaling {
  /** No change. */
  record None() implements RopeScaling {}

  /**
   * Every frequency divided by {@code factor} (position interpolation, Chen et al.,
   * arXiv:2306.15595).
   */
  record Linear(double factor) implements RopeScaling {
    public Linear {
      positive("factor", factor);
    }
  }

  /**
   * A base that grows with the sequence: {@code base * (factor * length / context - (factor -
   * 1))^(dims / (dims - 2))} from {@code context} tokens on. Keys that are in a cache keep the
   * frequencies that they were written with.
   */
  record DynamicNtk(double factor, int context) implements RopeScaling {
    public DynamicNtk {
      positive("factor", factor);
      positive("max_position_embeddings", context);
    }
  }

  /**
   * YaRN (Peng et al., arXiv:2309.00071): frequencies that turn often within the original context
   * stay, slow ones are divided by {@code factor}, with a linear ramp between; cosine and sine are
   * multiplied by {@code attentionFactor}.
   *
   * @param context original_max_position_embeddings
   * @param betaFast turns above which a frequency stays (32)
   * @param betaSlow turns below which it is divided (1)
   * @param truncate whether the ends of the ramp are rounded outwards to whole dimensions (true)
   */
  record Yarn(
      double factor,
      int context,
      double betaFast,
      double betaSlow,
      double attentionFactor,
      boolean truncate)
      implements RopeScaling {
    public Yarn {
      positive("factor", factor);
      positive("original_max_position_embeddings", context);
      positive("attention_factor", attentionFactor);
    }

    /** {@code 0.1 ln(factor) + 1}, the factor of the paper (section 3.4). */
    public static double defaultAttentionFactor(double factor) {
      return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
    }
  }

  /**
   * Llama 3: wavelengths above {@code context / lowFrequencyFactor} are multiplied by {@code
   * factor}, those below {@code context / highFrequencyFactor} stay, with a smooth blend between.
   *
   * @param context original_max_position_embeddings
   */
  record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int context)
      implements RopeScaling {
    public Llama3 {
      positive("factor", factor);
      positive("low_freq_factor", lowFrequencyFactor);
      positive("original_max_position_embeddings", context);
      if (!(highFrequencyFactor > lowFrequencyFactor)) {
        throw new IllegalArgumentException(
            "high_freq_factor must be larger than low_freq_factor, was " + highFrequencyFactor);
      }
    }
  }

  /**
   * LongRoPE (Ding et al., arXiv:2402.13753), as in Phi-3: every frequency has its own divisor,
   * from one list up to {@code context} tokens and from another for longer sequences; cosine and
   * sine are multiplied by {@code attentionFactor}.
   *
   * @param shortFactors one for each pair of channels
   * @param longFactors the same for sequences longer than {@code context}
   * @param context original_max_position_embeddings
   */
  record LongRope(
      List<Double> shortFactors, List<Double> longFactors, int context, double attentionFactor)
      implements RopeScaling {
    public LongRope {
      shortFactors = List.copyOf(shortFactors);
      longFactors = List.copyOf(longFactors);
      positive("original_max_position_embeddings", context);
      positive("attention_factor", attentionFactor);
      if (shortFactors.size() != longFactors.size()) {
        throw new IllegalArgumentException(
            "short_factor has %d numbers, long_factor %d"
                .formatted(shortFactors.size(), longFactors.size()));
      }
      shortFactors.forEach(f -> positive("short_factor", f));
      longFactors.forEach(f -> positive("long_factor", f));
    }

    /**
     * {@code sqrt(1 + ln(factor) / ln(context))} for a context that is {@code factor} times as long
     * as the original one.
     */
    public static double defaultAttentionFactor(double factor, int context) {
      return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(context));
    }
  }

  private static void positive(String key, double value) {
    if (!(value > 0) || value == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }
}
