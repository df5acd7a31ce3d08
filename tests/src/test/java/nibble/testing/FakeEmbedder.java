package nibble.testing;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import nibble.loaders.api.Embedder;

/**
 * Gives a text the vector {@code [length, hash, 0.1]}, so that a mixed-up answer shows. Counts
 * calls at the same time.
 */
public final class FakeEmbedder implements Embedder {
  public final AtomicInteger now = new AtomicInteger();
  public final AtomicInteger most = new AtomicInteger();
  private final long pauseMillis;

  public FakeEmbedder(long pauseMillis) {
    this.pauseMillis = pauseMillis;
  }

  public static float[] vector(String text) {
    return new float[] {text.length(), text.hashCode() % 1000, 0.1f};
  }

  @Override
  public List<float[]> embed(List<String> texts) {
    most.accumulateAndGet(now.incrementAndGet(), Math::max);
    try {
      Thread.sleep(pauseMillis);
      if (texts.contains("fail")) {
        throw new IllegalStateException("secret detail");
      }
      return texts.stream().map(FakeEmbedder::vector).toList();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      now.decrementAndGet();
    }
  }

  @Override
  public int dimension() {
    return 3;
  }

  @Override
  public int maxTokens() {
    return 64;
  }

  @Override
  public int countTokens(String text) {
    return text.split(" ").length;
  }

  @Override
  public void close() {}
}
