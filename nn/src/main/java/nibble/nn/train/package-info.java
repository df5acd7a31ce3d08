/**
 * Training: optimizers, learning-rate schedules, gradient clipping. Losses are operators of {@link
 * nibble.tensor.Ops}.
 *
 * <pre>{@code
 * AdamW optimizer = new AdamW(AdamWOptions.DEFAULTS, ParameterGroup.of("weights", 1e-3, 0.01, weights));
 * Schedule schedule = new Schedule.Cosine(100, 1000, 0);
 * for (int step = 0; step < 1000; step++) {
 *   ops.backward(ops.crossEntropy(model.forward(ops, batch), labels));
 *   GradientClip.byGlobalNorm(optimizer.parameters(), 1.0);
 *   optimizer.step(ops.splitter(), schedule.factor(step));
 *   optimizer.clearGrads();
 * }
 * }</pre>
 */
@NullMarked
package nibble.nn.train;

import org.jspecify.annotations.NullMarked;
