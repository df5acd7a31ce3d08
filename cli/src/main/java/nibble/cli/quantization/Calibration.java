package nibble.cli.quantization;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import nibble.cli.data.Batch;
import nibble.cli.data.BatchReader;
import nibble.cli.data.ImageSet;
import nibble.cli.data.Selection;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Tensor;

/**
 * Images that a method may look at.
 *
 * @param samples normalised pixels {@code [batch, channels, size, size]}, with labels where they
 *     are known
 * @param digest SHA-256 of all pixels and labels
 */
public record Calibration(SampleSource samples, String digest) {
  private static final int BATCH = 8;

  /** No images. */
  public static Calibration none() {
    return new Calibration(SampleSource.none(), "");
  }

  /** {@code count} images of {@code set}, without labels. */
  public static Calibration of(ImageSet set, int count) {
    return of(set, count, false);
  }

  /**
   * {@code count} images of {@code set}, as {@link Selection#spread} chooses them.
   *
   * @param labelled whether the labels of the set mean something
   */
  public static Calibration of(ImageSet set, int count, boolean labelled) {
    ImageSet chosen = Selection.spread(set, count);
    List<Samples> batches = new ArrayList<>();
    MessageDigest digest = sha256();
    try (BatchReader reader = BatchReader.once(chosen, BATCH)) {
      for (Batch batch = reader.next(); batch != null; batch = reader.next()) {
        float[] pixels = batch.pixels().toFloats();
        int[] labels = batch.labels();
        ByteBuffer bytes = ByteBuffer.allocate(4 * pixels.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(pixels);
        digest.update(bytes);
        if (labelled) {
          ByteBuffer labelBytes =
              ByteBuffer.allocate(4 * labels.length).order(ByteOrder.LITTLE_ENDIAN);
          labelBytes.asIntBuffer().put(labels);
          digest.update(labelBytes);
        }
        batches.add(
            Samples.of(
                Tensor.of(pixels, batch.count(), set.channels(), set.imageSize(), set.imageSize()),
                labelled ? labels : null));
      }
    }
    return new Calibration(
        new ImageSamples(chosen, labelled, batches), HexFormat.of().formatHex(digest.digest()));
  }

  /** How many images. */
  public int images() {
    return samples.size();
  }

  /** The images in batches. */
  public List<Tensor> batches() {
    return samples.inputs();
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
