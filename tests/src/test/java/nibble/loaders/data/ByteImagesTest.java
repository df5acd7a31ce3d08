package nibble.loaders.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.loaders.BadFileException;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ByteImagesTest {
  @TempDir Path folder;

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }

  private static byte[] idx(int magic, int[] dims, int... data) {
    ByteBuffer content = ByteBuffer.allocate(4 + 4 * dims.length + data.length).putInt(magic);
    for (int dim : dims) {
      content.putInt(dim);
    }
    for (int value : data) {
      content.put((byte) value);
    }
    return content.array();
  }

  @Test
  void idxFilesAreRead() throws IOException {
    Path images = file("i", idx(0x803, new int[] {2, 1, 2}, 0, 255, 51, 102));
    Path labels = file("l", idx(0x801, new int[] {2}, 7, 9));
    ByteImages read = Mnist.read(images, labels);
    assertEquals(2, read.count());
    assertEquals(9, read.label(1));
    assertArrayEquals(new byte[] {51, 102}, read.image(1));
    float[] out = new float[3];
    read.normalize(1, new float[] {0.1f}, new float[] {0.5f}, out, 1);
    assertArrayEquals(new float[] {0, 0.2f, 0.6f}, out, 1e-6f);
  }

  @Test
  void filesAreToldApart() throws IOException {
    Path images = file("x-images-idx3-ubyte", idx(0x803, new int[] {1, 1, 2}, 3, 255));
    assertRefused(() -> ByteImages.read(images, null), "holds images without labels");
    Path labels = file("x-labels-idx1-ubyte", idx(0x801, new int[] {1}, 4));
    assertEquals(4, ByteImages.read(images, null).label(0));
    assertEquals(4, ByteImages.read(images, labels).label(0));
    assertArrayEquals(new byte[] {3, 3, 3, -1, -1, -1}, ByteImages.read(images, null).rgb(0).rgb());
    byte[] record = new byte[3073];
    record[0] = 5;
    record[1] = 10;
    record[1 + 1024] = 20;
    record[1 + 2048] = 30;
    Path cifar = file("c.bin", record);
    assertEquals(5, ByteImages.read(cifar, null).label(0));
    assertEquals(20, ByteImages.read(cifar, null).rgb(0).get(0, 0, 1));
    assertEquals(30, ByteImages.read(cifar, null).rgb(0).get(0, 0, 2));
    assertRefused(
        () -> ByteImages.read(cifar, labels), "CIFAR-10 files hold their labels themselves");
    assertRefused(
        () -> ByteImages.read(file("n", new byte[] {1, 2}), null), "not a CIFAR-10 binary file");
    assertRefused(() -> ByteImages.read(folder.resolve("none"), null), "none");
  }

  @Test
  void brokenIdxFilesAreRefused() throws IOException {
    Path images = file("i", idx(0x803, new int[] {2, 1, 2}, 0, 255, 51, 102));
    Path labels = file("l", idx(0x801, new int[] {2}, 7, 9));
    assertRefused(() -> Mnist.read(labels, labels), "is no IDX file of bytes with 3 dimensions");
    assertRefused(() -> Mnist.read(images, images), "is no IDX file of bytes with 1 dimensions");
    assertRefused(
        () -> Mnist.read(images, file("m", idx(0x801, new int[] {3}, 1, 2, 3))), "has 3 labels");
    assertRefused(
        () -> Mnist.read(images, file("m", idx(0x801, new int[] {2}, 1))),
        "has 1 bytes after its header, expected 2");
    assertRefused(
        () -> Mnist.read(images, file("m", idx(0x801, new int[] {2}, 1, 10))), "label 1 is 10");
    assertRefused(
        () -> Mnist.read(file("m", idx(0x803, new int[] {2, 1, 2}, 0, 1, 2)), labels),
        "has 3 bytes after its header, expected 4");
    assertRefused(
        () -> Mnist.read(file("m", idx(0x803, new int[] {-2, 1, 2})), labels), "is no IDX file");
    assertRefused(
        () -> Mnist.read(file("m", idx(0x803, new int[] {2, 65536, 65536})), labels),
        "says its images have");
    assertRefused(() -> Mnist.read(file("m", new byte[3]), labels), "is no IDX file");
    assertRefused(() -> Mnist.read(folder.resolve("none"), labels), "no such file");
  }

  @Test
  void cifarRecordsAreRead() throws IOException {
    byte[] content = new byte[2 * 3073];
    content[3073] = 9;
    content[3074] = 5;
    ByteImages read = Cifar10.read(file("c", content));
    assertEquals(2, read.count());
    assertEquals(9, read.label(1));
    assertEquals(5, read.image(1)[0]);
    content[0] = 10;
    assertRefused(() -> Cifar10.read(file("c", content)), "record 0 has class 10");
    assertRefused(() -> Cifar10.read(file("c", new byte[3072])), "has 3072 bytes");
    assertRefused(() -> Cifar10.read(file("c", new byte[0])), "has 0 bytes");
  }

  @Test
  void realFilesAreRead() {
    assertEquals(2000, Cifar10.read(SharedData.require("cifar10/test2000.bin")).count());
    ByteImages digits =
        Mnist.read(
            SharedData.require("mnist/t10k-first5000-images-idx3-ubyte"),
            SharedData.require("mnist/t10k-first5000-labels-idx1-ubyte"));
    assertEquals(5000, digits.count());
    assertEquals(7, digits.label(0));
  }

  private static void assertRefused(Executable action, String part) {
    String message = assertThrows(BadFileException.class, action).getMessage();
    assertTrue(message.contains(part), message);
  }
}
