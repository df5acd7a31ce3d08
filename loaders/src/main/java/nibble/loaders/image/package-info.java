/**
 * Photographs to model inputs: decoding of JPEG and PNG, resampling exactly as Pillow does it, and
 * the steps of a Hugging Face image processor.
 *
 * <pre>{@code
 * ImagePreprocessor preprocessor = ImagePreprocessor.fromJson(Json.readObject(folder.resolve("preprocessor_config.json")));
 * float[] pixels = preprocessor.apply(RgbImage.decode(Path.of("cat.jpg")));      // [3, height, width]
 * }</pre>
 */
@NullMarked
package nibble.loaders.image;

import org.jspecify.annotations.NullMarked;
