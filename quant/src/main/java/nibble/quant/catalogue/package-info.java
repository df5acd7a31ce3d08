/**
 * The methods there are: what {@code nibble methods} lists and what recipes name. Start with {@link
 * nibble.quant.catalogue.MethodCatalogue}.
 */
@NullMarked
package nibble.quant.catalogue;

import org.jspecify.annotations.NullMarked;
