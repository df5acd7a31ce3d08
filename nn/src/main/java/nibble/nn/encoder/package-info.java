/**
 * Text encoders: BERT and RoBERTa ({@link nibble.nn.encoder.Bert}), DistilBERT, ModernBERT. {@link
 * nibble.nn.encoder.Encoder} is what they have in common; {@link nibble.nn.encoder.SentencePooling}
 * makes one vector of a sentence.
 *
 * <pre>{@code
 * Encoder model = Bert.of(config, weights);
 * Tensor hidden = model.encode(ops, List.of(first, second));             // [rows, hidden], without padding
 * Tensor vectors = pooling.apply(ops, hidden, Sequences.of(first.length, second.length));
 * }</pre>
 */
@NullMarked
package nibble.nn.encoder;

import org.jspecify.annotations.NullMarked;
