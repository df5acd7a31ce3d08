package nibble.loaders.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files as told, right or wrong. */
public final class GgufBytes {
  private record Tensor(String name, int type, long[] axes, byte[] data, long offset) {}

  private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
  private final List<Tensor> tensors = new ArrayList<>();
  private int version = 3;
  private int keyCount;
  private int alignment = 32;
  private long nextOffset;

  public GgufBytes version(int number) {
    version = number;
    return this;
  }

  public GgufBytes alignment(int bytes) {
    alignment = bytes;
    return key("general.alignment", bytes);
  }

  public GgufBytes key(String name, String value) {
    return raw(name, 8, string(value));
  }

  public GgufBytes key(String name, int value) {
    return raw(name, 4, le(4).putInt(value).array());
  }

  public GgufBytes key(String name, float value) {
    return raw(name, 6, le(4).putFloat(value).array());
  }

  public GgufBytes key(String name, boolean value) {
    return raw(name, 7, new byte[] {(byte) (value ? 1 : 0)});
  }

  public GgufBytes key(String name, List<String> values) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(le(12).putInt(8).putLong(values.size()).array());
    values.forEach(value -> out.writeBytes(string(value)));
    return raw(name, 9, out.toByteArray());
  }

  public GgufBytes key(String name, float[] values) {
    ByteBuffer buffer = le(12 + 4 * values.length).putInt(6).putLong(values.length);
    for (float value : values) {
      buffer.putFloat(value);
    }
    return raw(name, 9, buffer.array());
  }

  public GgufBytes key(String name, int[] values) {
    ByteBuffer buffer = le(12 + 4 * values.length).putInt(5).putLong(values.length);
    for (int value : values) {
      buffer.putInt(value);
    }
    return raw(name, 9, buffer.array());
  }

  /** A key with a value in bytes, of whatever type. */
  public GgufBytes raw(String name, int type, byte[] value) {
    keys.writeBytes(string(name));
    keys.writeBytes(le(4).putInt(type).array());
    keys.writeBytes(value);
    keyCount++;
    return this;
  }

  /** A tensor; {@code dims} has the outermost axis first. */
  public GgufBytes tensor(String name, GgufType type, byte[] data, int... dims) {
    long[] axes = new long[dims.length];
    for (int i = 0; i < dims.length; i++) {
      axes[i] = dims[dims.length - 1 - i];
    }
    GgufBytes self = tensor(name, type.id(), axes, data, nextOffset);
    nextOffset = Math.ceilDiv(nextOffset + data.length, alignment) * (long) alignment;
    return self;
  }

  /** A tensor with axes as they stand in the file. */
  public GgufBytes tensor(String name, int type, long[] axes, byte[] data, long offset) {
    tensors.add(new Tensor(name, type, axes, data, offset));
    return this;
  }

  /** F32 numbers. */
  public GgufBytes floats(String name, float[] values, int... dims) {
    ByteBuffer buffer = le(4 * values.length);
    for (float value : values) {
      buffer.putFloat(value);
    }
    return tensor(name, GgufType.F32, buffer.array(), dims);
  }

  public byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        le(24)
            .putInt(GgufHeader.MAGIC)
            .putInt(version)
            .putLong(tensors.size())
            .putLong(keyCount)
            .array());
    out.writeBytes(keys.toByteArray());
    for (Tensor tensor : tensors) {
      out.writeBytes(string(tensor.name()));
      out.writeBytes(le(4).putInt(tensor.axes().length).array());
      for (long axis : tensor.axes()) {
        out.writeBytes(le(8).putLong(axis).array());
      }
      out.writeBytes(le(12).putInt(tensor.type()).putLong(tensor.offset()).array());
    }
    pad(out);
    long start = out.size();
    for (Tensor tensor : tensors) {
      if (out.size() - start == tensor.offset()) {
        out.writeBytes(tensor.data());
        pad(out);
      }
    }
    return out.toByteArray();
  }

  private void pad(ByteArrayOutputStream out) {
    out.writeBytes(new byte[Math.ceilDiv(out.size(), alignment) * alignment - out.size()]);
  }

  public Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  private static byte[] string(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return le(8 + utf8.length).putLong(utf8.length).put(utf8).array();
  }

  static ByteBuffer le(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
