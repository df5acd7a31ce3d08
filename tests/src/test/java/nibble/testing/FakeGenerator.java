package nibble.testing;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import nibble.loaders.api.ChatMessage;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;

/**
 * Repeats the prompt, a word at a time, until enough "tokens" are there; the prompt "forever" does
 * not end by itself.
 */
public final class FakeGenerator implements TextGenerator {
  public final AtomicInteger running = new AtomicInteger();
  public final CountDownLatch left = new CountDownLatch(1);
  public volatile GenerationOptions lastOptions = GenerationOptions.DEFAULTS;

  @Override
  public Generation generate(String prompt, GenerationOptions options, TextListener listener) {
    if (prompt.isEmpty()) {
      throw new IllegalArgumentException("the prompt has no token");
    }
    lastOptions = options;
    running.incrementAndGet();
    try {
      StringBuilder text = new StringBuilder();
      int tokens = 0;
      boolean wanted = true;
      while (wanted && (tokens < options.maxTokens() || prompt.equals("forever"))) {
        text.append(prompt).append(' ');
        wanted = listener.onText(prompt + " ");
        tokens++;
      }
      return new Generation(
          text.toString(),
          1,
          tokens,
          wanted ? Generation.FinishReason.LENGTH : Generation.FinishReason.CANCELLED,
          0.1,
          0.2);
    } finally {
      running.decrementAndGet();
      left.countDown();
    }
  }

  @Override
  public Generation chat(
      List<ChatMessage> messages, GenerationOptions options, TextListener listener) {
    return generate(messages.getLast().content(), options, listener);
  }

  @Override
  public boolean canChat() {
    return true;
  }

  @Override
  public int contextLength() {
    return 128;
  }

  @Override
  public int countTokens(String text) {
    return text.split(" ").length;
  }

  @Override
  public void close() {}
}
