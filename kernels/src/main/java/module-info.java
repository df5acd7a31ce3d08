/** Arithmetic on memory: scalar and Vector API kernels. Knows nothing above it. */
module nibble.kernels {
  requires jdk.incubator.vector;
  requires static org.jspecify;

  exports nibble.kernels.parallel;
  exports nibble.kernels.platform;
  exports nibble.kernels.gemm;
  exports nibble.kernels.hadamard;
  exports nibble.kernels.rowwise;
  exports nibble.kernels.lowbit;
  exports nibble.kernels.attention;
}
