/** Models of Nibble as models of Spring AI. */
@NullMarked
package nibble.adapters.springai;

import org.jspecify.annotations.NullMarked;
