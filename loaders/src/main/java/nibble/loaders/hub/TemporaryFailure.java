package nibble.loaders.hub;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * An answer after which trying again makes sense: too many requests, or a server that is not well.
 */
final class TemporaryFailure extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Optional<Duration> wait;

  private TemporaryFailure(int status, Optional<Duration> wait) {
    super("status " + status);
    this.wait = wait;
  }

  static boolean is(int status) {
    return status == 408 || status == 429 || status >= 500;
  }

  static TemporaryFailure of(Answer answer, Instant now) {
    return new TemporaryFailure(
        answer.status(), answer.header("Retry-After").flatMap(text -> parse(text.strip(), now)));
  }

  /** Seconds or a date. */
  static Optional<Duration> parse(String text, Instant now) {
    if (text.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      Duration until =
          Duration.between(
              now, ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      return Optional.of(until.isNegative() ? Duration.ZERO : until);
    } catch (DateTimeParseException _) {
      return Optional.empty();
    }
  }

  /** How long the server asks to wait; empty if it does not say. */
  Optional<Duration> retryAfter() {
    return wait;
  }
}
