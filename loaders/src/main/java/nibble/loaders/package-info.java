/**
 * What all loaders share: {@link nibble.loaders.BadFileException} for files that cannot be trusted
 * and {@link nibble.loaders.WriteFailedException} for files that could not be written. Every file
 * is treated as hostile: lengths are capped, offsets are checked, and a broken file ends in one
 * clear line.
 */
@NullMarked
package nibble.loaders;

import org.jspecify.annotations.NullMarked;
