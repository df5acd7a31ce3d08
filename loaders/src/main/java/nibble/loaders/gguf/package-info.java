/**
 * The GGUF format of ggml and llama.cpp: typed metadata and tensors in blocks, in one file.
 *
 * <pre>{@code
 * try (GgufFile file = GgufFile.open(Path.of("model.Q4_0.gguf"))) {
 *   String architecture = file.metadata().string("general.architecture");
 *   float[] values = file.tensor("blk.0.attn_q.weight").toFloats();
 * }
 * }</pre>
 *
 * <p>{@link nibble.loaders.gguf.GgufCheckpoint} shows the file of a Llama-like model as Hugging
 * Face would store it: {@code config.json} and tensor names.
 *
 * <p>Source: <a
 * href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">ggml/docs/gguf.md</a>; the
 * blocks are those of {@code ggml-common.h} and {@code ggml-quants.c}.
 */
@NullMarked
package nibble.loaders.gguf;

import org.jspecify.annotations.NullMarked;
