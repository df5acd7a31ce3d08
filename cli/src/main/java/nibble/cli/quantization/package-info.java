/**
 * From a user's wish to a quantized folder: recipes from options or files, calibration data,
 * provenance.
 */
@NullMarked
package nibble.cli.quantization;

import org.jspecify.annotations.NullMarked;
