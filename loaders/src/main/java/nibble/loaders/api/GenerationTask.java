package nibble.loaders.api;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import nibble.loaders.tokenizer.TextStream;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.nn.generation.StopReason;
import nibble.nn.generation.StopTexts;

/**
 * One text that is being generated: tokens come in on the thread of the loop, text goes out on the
 * thread of the caller. So a caller that is slow to take its text holds up nobody else; what waits
 * for it is at most the text it asked for.
 */
final class GenerationTask {
  /** Tokens of the prompt that the first piece of text may depend on. */
  private static final int CONTEXT = 64;

  /** What the caller is told. */
  private sealed interface Event {
    record Text(String piece) implements Event {}

    record End(StopReason reason) implements Event {}

    record Failure(RuntimeException cause) implements Event {}
  }

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final TextStream stream;
  private final StopTexts stops;
  private final int promptTokens;
  private final long start = System.nanoTime();
  private volatile boolean cancelled;
  private volatile long firstToken;
  private volatile int tokens;

  /**
   * @param before tokens that the text continues: they say whether it begins with a blank; none for
   *     a text of its own
   */
  GenerationTask(Tokenizer tokenizer, List<String> stop, int promptTokens, int[] before) {
    stream = tokenizer.stream(true);
    for (int i = Math.max(0, before.length - CONTEXT); i < before.length; i++) {
      String _ = stream.next(before[i]); // is in the prompt already
    }
    stops = new StopTexts(stop);
    this.promptTokens = promptTokens;
  }

  /** Whether the caller wants no more. */
  boolean isCancelled() {
    return cancelled;
  }

  /** Takes a token from the loop; returns whether more are wanted. */
  boolean accept(int id) {
    int before = tokens; // only the thread of the loop counts
    if (before == 0) {
      firstToken = System.nanoTime();
    }
    tokens = before + 1;
    hand(stops.add(stream.next(id)));
    return !cancelled && !stops.isStopped();
  }

  private void hand(String piece) {
    if (!piece.isEmpty()) {
      events.add(new Event.Text(piece));
    }
  }

  /** Takes the end of the text from the loop. */
  void end(StopReason reason) {
    hand(stops.add(stream.end()));
    hand(stops.rest());
    events.add(new Event.End(stops.isStopped() ? StopReason.STOP_TEXT : reason));
  }

  /** Takes from the loop that there will be no text. */
  void fail(RuntimeException cause) {
    events.add(new Event.Failure(cause));
  }

  /**
   * Gives {@code listener} the text until it ends.
   *
   * @throws RuntimeException what the loop failed with, or the listener threw
   */
  Generation await(TextListener listener) {
    StringBuilder text = new StringBuilder();
    try {
      while (true) {
        switch (events.take()) {
          case Event.Text(String piece) -> {
            if (!cancelled) {
              text.append(piece);
              cancelled = !listener.onText(piece);
            }
          }
          case Event.End(StopReason reason) -> {
            return generation(
                text.toString(),
                cancelled
                    ? StopReason.CANCELLED
                    : reason); // the loop may have been done before it knew
          }
          case Event.Failure(RuntimeException cause) -> throw cause;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return generation(text.toString(), StopReason.CANCELLED);
    } finally {
      cancelled = true;
    }
  }

  private Generation generation(String text, StopReason reason) {
    long now = System.nanoTime();
    long first = firstToken == 0 ? now : firstToken;
    return new Generation(
        text, promptTokens, tokens, finish(reason), (first - start) * 1e-9, (now - start) * 1e-9);
  }

  private static Generation.FinishReason finish(StopReason reason) {
    return switch (reason) {
      case STOP_TOKEN, STOP_TEXT -> Generation.FinishReason.STOP;
      case MAX_TOKENS, CONTEXT -> Generation.FinishReason.LENGTH;
      case CANCELLED -> Generation.FinishReason.CANCELLED;
    };
  }
}
