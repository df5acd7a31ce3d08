package nibble.tensor;

/**
 * Recycles memory: results that operators allocate while a scope is open belong to it, and their
 * arrays are used again after {@link #close}. So a loop that opens a scope per pass allocates next
 * to nothing after the first pass.
 *
 * <pre>{@code
 * try (var mode = ops.noGrad(); var scope = ops.scope()) {
 *   Tensor hidden = ops.gelu(ops.linear(x, w, b));
 *   return scope.keep(ops.linear(hidden, w2, b2));
 * }
 * }</pre>
 *
 * <p>A tensor that was not kept throws {@link IllegalStateException} from {@link Tensor#array()}
 * and every other read after the close; an array that was fetched before must not be used any more.
 * Tensors that operators did not allocate (inputs, weights) and gradients of leaves are never
 * recycled. A scope around a training step must stay open until after {@link Ops#backward}. Scopes
 * nest and close in reverse order; not thread-safe, like the {@link Ops} it came from.
 */
public final class Scope implements AutoCloseable {
  private final Workspace workspace;
  private final Workspace.Level level;
  private boolean closed;

  Scope(Workspace workspace) {
    this.workspace = workspace;
    level = workspace.open();
  }

  /**
   * Lets {@code tensor} (and every view of its memory) outlive this scope: the next outer scope
   * owns it, or nobody. Returns it.
   */
  public Tensor keep(Tensor tensor) {
    workspace.keep(level, tensor.storage());
    return tensor;
  }

  /** Recycles everything that was not kept. Closing twice does nothing. */
  @Override
  public void close() {
    if (!closed) {
      workspace.close(level);
      closed = true;
    }
  }
}
