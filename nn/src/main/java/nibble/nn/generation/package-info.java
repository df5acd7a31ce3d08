/**
 * Generation of text by causal language models: choosing tokens from logits, several sequences at
 * once, stop texts. Works on token ids; who calls brings the tokenizer. Start with {@link
 * nibble.nn.generation.TokenGenerator}.
 */
@NullMarked
package nibble.nn.generation;

import org.jspecify.annotations.NullMarked;
