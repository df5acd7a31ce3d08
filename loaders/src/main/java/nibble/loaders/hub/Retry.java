package nibble.loaders.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import javax.net.ssl.SSLException;

/** Counts the failures of one thing that is tried several times, and waits between them. */
final class Retry {
  private final String what;
  private final Patience patience;
  private final PullListener listener;
  private int failures;

  /**
   * @param what is tried, for messages
   */
  Retry(String what, Patience patience, PullListener listener) {
    this.what = what;
    this.patience = patience;
    this.listener = listener;
  }

  /** Something worked: the next failure is the first again. */
  void progressed() {
    failures = 0;
  }

  /**
   * Waits before the next attempt, as long as the server asked for, or twice as long as the last
   * time.
   *
   * @throws HubException if there is no next attempt
   */
  void after(IOException failure) throws InterruptedException {
    failures++;
    if (failures >= patience.attempts() || isFinal(failure)) {
      throw new HubException("%s: %s%s".formatted(what, reason(failure), attempts()), failure);
    }
    Duration pause = patience.pauseAfter(failures);
    if (failure instanceof TemporaryFailure temporary && temporary.retryAfter().isPresent()) {
      pause = temporary.retryAfter().get();
      if (pause.compareTo(patience.longestPause()) > 0) {
        throw new HubException(
            "%s: %s, and the server asks to wait %d s; try again later"
                .formatted(what, reason(failure), pause.toSeconds()),
            failure);
      }
    }
    listener.note(
        "%s: %s; trying again in %.1f s"
            .formatted(what, reason(failure), pause.toMillis() / 1000.0));
    Thread.sleep(pause);
  }

  private String attempts() {
    return failures == 1 ? "" : " (after " + failures + " attempts)";
  }

  /** Failures that do not pass by waiting. */
  private static boolean isFinal(IOException failure) {
    return failure instanceof SSLException || isUnknownHost(failure);
  }

  private static boolean isUnknownHost(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof UnresolvedAddressException || at instanceof UnknownHostException) {
        return true;
      }
    }
    return false;
  }

  private static String reason(IOException failure) {
    if (isUnknownHost(failure)) {
      return "no such host; check the network and HF_ENDPOINT, or use --offline";
    }
    String text = failure.getMessage();
    return switch (failure) {
      case TemporaryFailure _ -> "the server answers with " + text;
      case ConnectException _ ->
          "cannot connect; check the network and HF_ENDPOINT, or use --offline";
      case SSLException _ -> "no secure connection: " + text;
      default -> text == null ? failure.getClass().getSimpleName() : text;
    };
  }
}
