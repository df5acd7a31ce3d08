/**
 * Models made outlier-heavy without changing their function, to study what methods do about it.
 * Start with {@link nibble.quant.outliers.Outliers}.
 */
@NullMarked
package nibble.quant.outliers;

import org.jspecify.annotations.NullMarked;
