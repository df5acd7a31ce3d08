package nibble.loaders.safetensors;

import nibble.tensor.DType;
import nibble.tensor.Shape;

/**
 * One tensor of a header; its bytes are {@code begin} (inclusive) to {@code end} (exclusive) of the
 * data that follows the header.
 */
record Entry(String name, DType dtype, Shape shape, long begin, long end) {}
