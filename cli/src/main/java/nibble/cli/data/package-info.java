/**
 * Labelled images on their way to a model: sets, orders, batches read ahead on a thread of their
 * own. Start with {@link nibble.cli.data.ImageSet}.
 */
@NullMarked
package nibble.cli.data;

import org.jspecify.annotations.NullMarked;
