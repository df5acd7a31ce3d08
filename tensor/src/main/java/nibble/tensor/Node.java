package nibble.tensor;

/** One recorded operator of the tape. */
final class Node {}
