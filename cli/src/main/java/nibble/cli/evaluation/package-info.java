/**
 * How good a classifier is on labelled images, alone and beside a reference. Start with {@link
 * nibble.cli.evaluation.Evaluation}.
 */
@NullMarked
package nibble.cli.evaluation;

import org.jspecify.annotations.NullMarked;
