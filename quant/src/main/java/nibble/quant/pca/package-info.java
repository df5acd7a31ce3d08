/** Principal components of features. Start with {@link nibble.quant.pca.Pca}. */
@NullMarked
package nibble.quant.pca;

import org.jspecify.annotations.NullMarked;
