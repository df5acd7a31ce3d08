/**
 * Causal language models: Llama and its relatives ({@link nibble.nn.decoder.Llama}), Gemma, GPT-2,
 * OPT, GPT-NeoX. Each file says what is particular about one architecture; {@link
 * nibble.nn.decoder.Decoder} is what they have in common.
 *
 * <pre>{@code
 * Decoder model = Llama.of(config, weights);
 * KeyValueCache cache = model.newCache();
 * Tensor logits = model.next(ops, List.of(cache), List.of(promptIds));   // [1, vocabulary]
 * }</pre>
 */
@NullMarked
package nibble.nn.decoder;

import org.jspecify.annotations.NullMarked;
