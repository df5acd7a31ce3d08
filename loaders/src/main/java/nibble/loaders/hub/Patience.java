package nibble.loaders.hub;

import java.time.Duration;

/**
 * How long a download waits, and how often it tries.
 *
 * @param connect to reach the server
 * @param idle for an answer, and for the next bytes of one
 * @param attempts how often something is tried before it fails; a download that got further starts
 *     counting anew
 * @param firstPause after the first failure; doubles with every further one
 * @param longestPause no pause is longer; a server that asks for a longer one is not waited for
 */
public record Patience(
    Duration connect, Duration idle, int attempts, Duration firstPause, Duration longestPause) {
  /** 10 s to connect, 30 s for bytes, 5 attempts, pauses of 1 s to 2 min. */
  public static final Patience DEFAULTS =
      new Patience(
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          5,
          Duration.ofSeconds(1),
          Duration.ofMinutes(2));

  public Patience {
    if (attempts < 1) {
      throw new IllegalArgumentException("attempts must be at least 1, were " + attempts);
    }
  }

  /** The pause after failure number {@code failures}, counted from 1. */
  Duration pauseAfter(int failures) {
    Duration pause = firstPause.multipliedBy(1L << Math.min(failures - 1, 20));
    return pause.compareTo(longestPause) < 0 ? pause : longestPause;
  }
}
