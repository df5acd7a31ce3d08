package nibble.nn.packed;

import nibble.nn.WeightMatrix;
import nibble.tensor.Tensor;

/** A weight of codes, which run as they are and have a file format. */
public sealed interface PackedWeight extends WeightMatrix
    permits PackedIntWeight,
        PackedBinaryWeight,
        ReorderedWeight,
        LatticeWeight,
        SparseSideWeight,
        FloatColumnsWeight {
  /** The weight in float, {@code [out, in]}, in new memory. */
  Tensor dequantized();
}
