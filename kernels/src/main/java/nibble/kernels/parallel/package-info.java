/**
 * Splitting work over threads. A kernel never owns a thread: the caller passes a {@link
 * nibble.kernels.parallel.WorkSplitter}.
 */
@NullMarked
package nibble.kernels.parallel;

import org.jspecify.annotations.NullMarked;
