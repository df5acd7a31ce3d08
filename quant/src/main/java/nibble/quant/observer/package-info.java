/**
 * What calibration measures: ranges, histograms, second-order statistics. Observers stream: they
 * see a batch, keep a summary and let the batch go. Each belongs to one thread; observers of
 * several threads are merged at the end.
 *
 * <pre>{@code
 * var observer = new PercentileObserver("blocks.0.mlp.fc2.input", 0.9999);
 * observer.observe(x, 0, x.length);
 * Grid grid = observer.grid(IntFormat.asymmetric(8));
 * }</pre>
 */
@NullMarked
package nibble.quant.observer;

import org.jspecify.annotations.NullMarked;
