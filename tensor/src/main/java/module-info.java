/** Tensors, operators and reverse-mode differentiation. */
module nibble.tensor {
  requires transitive nibble.kernels;
  requires static org.jspecify;

  exports nibble.tensor;
  exports nibble.tensor.linalg;
}
