/**
 * What methods that work on a whole model build on: the task they get, the samples they may look
 * at, the parts of a model one after the other, and how chosen codes become packed layers. Start
 * with {@link nibble.quant.model.ModelMethod}.
 *
 * <pre>{@code
 * final class RoundEverything implements ModelMethod {
 *   public MethodReport apply(ModelTask task) {
 *     LayerExecution execution = new LayerExecution(task);
 *     for (Linear linear : task.model().linears()) {
 *       task.weights(linear).ifPresent(scheme -> execution.execute(linear, codesOf(linear, scheme), null));
 *     }
 *     return MethodReport.of(execution.results());
 *   }
 * }
 * }</pre>
 */
@NullMarked
package nibble.quant.model;

import org.jspecify.annotations.NullMarked;
