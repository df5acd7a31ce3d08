package nibble.kernels.gemm;

/**
 * A weight {@code [out, in]} in the layout of the {@link Gemm} that packed it. Immutable,
 * thread-safe; its memory is garbage-collected.
 */
public interface PackedMatrix {
  /** Output features. */
  int out();

  /** Input features. */
  int in();

  /** Bytes that the packed form occupies. */
  long bytes();
}
