/**
 * The documentation, held to the code: its examples run, its excerpts are in the sources, its
 * tables agree with the catalogue.
 */
@NullMarked
package nibble.docs;

import org.jspecify.annotations.NullMarked;
