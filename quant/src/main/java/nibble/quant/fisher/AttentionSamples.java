package nibble.quant.fisher;

import java.util.List;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What passes the two products of an attention layer, for some heads of some images.
 *
 * @param query {@code [maps, tokens, headDim]}
 * @param key {@code [maps, tokens, headDim]}
 * @param value {@code [maps, tokens, headDim]}
 * @param probabilities {@code [maps, tokens, tokens]}
 * @param scoreGradient of the loss in the product of query and key, up to the constant factor of
 *     the scores, {@code [maps, tokens, tokens]}; null where the model ran forward only
 * @param contextGradient of the loss in the product of probabilities and value, {@code [maps,
 *     tokens, headDim]}; null as above
 * @param heads head of each map, from 0
 */
public record AttentionSamples(
    Tensor query,
    Tensor key,
    Tensor value,
    Tensor probabilities,
    @Nullable Tensor scoreGradient,
    @Nullable Tensor contextGradient,
    List<Integer> heads) {

  public AttentionSamples {
    heads = List.copyOf(heads);
  }
}
