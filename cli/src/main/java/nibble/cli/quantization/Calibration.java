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
import nibble.cli.data.Order;
import nibble.tensor.Tensor;

/**
 * Images that a method may look at while it chooses codes.
 *
 * @param batches normalised pixels {@code [batch, channels, size, size]}
 * @param images how many in all
 * @param digest SHA-256 of all pixels
 */
public record Calibration(List<Tensor> batches, int images, String digest) {
  private static final int BATCH = 8;

  public Calibration {
    batches = List.copyOf(batches);
  }

  /** No images. */
  public static Calibration none() {
    return new Calibration(List.of(), 0, "");
  }

  /** {@code count} images of {@code set} at equal distances, so that a folder sorted by class gives many classes. */
  public static Calibration of(ImageSet set, int count) {
    long size = Math.min(set.size(), 1L << 40);
    int images = (int) Math.min(count, size);
    List<Tensor> batches = new ArrayList<>();
    MessageDigest digest = sha256();
    Order spread = position -> position * (size / images);
    try (BatchReader reader = new BatchReader(set, spread, BATCH, 0, images)) {
      for (Batch batch = reader.next(); batch != null; batch = reader.next()) {
        float[] pixels = batch.pixels().toFloats();
        ByteBuffer bytes = ByteBuffer.allocate(4 * pixels.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(pixels);
        digest.update(bytes);
        batches.add(Tensor.of(pixels, batch.count(), set.channels(), set.imageSize(), set.imageSize()));
      }
    }
    return new Calibration(batches, images, HexFormat.of().formatHex(digest.digest()));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
