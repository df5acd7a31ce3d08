package nibble.cli.bench;

import java.util.function.Function;
import nibble.kernels.parallel.WorkSplitter;

/**
 * A kernel on operands of one size.
 *
 * @param name as in {@code --kernel}
 * @param shape of the operands, for people
 * @param threaded whether it shares its work between threads
 * @param operations floating-point (or integer) operations of one call, a multiply-add counts as
 *     two; 0 where counting says nothing
 * @param bytes that one call must read and write at least
 * @param prepare makes the operands; the result is one call
 */
record KernelCase(
    String name,
    String shape,
    boolean threaded,
    double operations,
    double bytes,
    Function<WorkSplitter, Runnable> prepare) {}
