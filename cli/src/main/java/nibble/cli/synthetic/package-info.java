/**
 * Images that the project makes itself: small pictures of a shape with a fill, in 64 classes, as
 * many as are wanted, for training, calibrating and testing the shipped model. Start with {@link
 * nibble.cli.synthetic.SyntheticImages}.
 *
 * <pre>{@code
 * SyntheticImages images = new SyntheticImages(Split.TEST, 7, 48);
 * byte[] rgb = new byte[images.bytesPerImage()];
 * int label = images.render(0, rgb);
 * String name = ClassNames.of(label);
 * }</pre>
 *
 * <p>Every picture is a function of (seed, split, index, size) alone. Only exactly specified
 * arithmetic is used ({@code + - * /}, {@code Math.sqrt}, {@code Math.floor}, {@link StrictMath}),
 * so the bytes are the same on every Java runtime and processor.
 */
@NullMarked
package nibble.cli.synthetic;

import org.jspecify.annotations.NullMarked;
