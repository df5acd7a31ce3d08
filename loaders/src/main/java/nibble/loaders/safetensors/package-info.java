/**
 * The safetensors format: a JSON header and raw little-endian tensors in one file, or several files
 * with an index.
 *
 * <pre>{@code
 * try (Safetensors file = Safetensors.open(Path.of("model.safetensors"))) {
 *   Tensor weight = file.tensor("head.weight").toF32();       // a copy that outlives the file
 * }
 * SafetensorsWriter.write(Path.of("out.safetensors"), Map.of("head.weight", weight), Map.of("format", "pt"));
 * }</pre>
 *
 * <p>Source: <a href="https://github.com/huggingface/safetensors">huggingface/safetensors</a>,
 * section "Format" of its README.
 */
@NullMarked
package nibble.loaders.safetensors;

import org.jspecify.annotations.NullMarked;
