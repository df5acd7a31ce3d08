/**
 * Attention without a matrix of all scores, and rotary positions. Operands are read where the
 * projections left them: a {@link nibble.kernels.attention.HeadView} says with which strides.
 *
 * <pre>{@code
 * // q, k, v [tokens, heads * headDim] of one sequence, as three projections wrote them
 * AttentionShape shape = new AttentionShape(1, tokens, tokens, heads, heads, headDim);
 * Attention.best().forward(shape, AttentionRule.scaled(headDim), HeadView.of(q, 0, tokens, heads, headDim),
 *     HeadView.of(k, 0, tokens, heads, headDim), HeadView.of(v, 0, tokens, heads, headDim), null, null,
 *     HeadView.of(out, 0, tokens, heads, headDim), splitter);
 * }</pre>
 */
@NullMarked
package nibble.kernels.attention;

import org.jspecify.annotations.NullMarked;
