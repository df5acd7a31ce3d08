package nibble.cli.serve;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * How a server listens and what it refuses.
 *
 * @param host address to listen on
 * @param port 0 for any free one
 * @param apiKey that requests must carry as bearer token; empty for none
 * @param origins web origins whose pages may call; requests of other pages are refused
 * @param bodyBytes longest request body
 * @param running requests that a model works on at the same time
 * @param waiting requests that may wait for a model; further ones are told to come back later
 * @param patience how long a request waits before it is told to come back later
 * @param grace how long running requests may take when the server stops
 */
public record ServerOptions(
    String host,
    int port,
    Optional<String> apiKey,
    Set<String> origins,
    int bodyBytes,
    int running,
    int waiting,
    Duration patience,
    Duration grace) {
  /**
   * Loopback, port 8080, bodies up to 8 MiB, 8 requests at a time, 1024 waiting up to 5 minutes, 10
   * seconds to finish.
   */
  public static final ServerOptions DEFAULTS =
      new ServerOptions(
          "127.0.0.1",
          8080,
          Optional.empty(),
          Set.of(),
          8 << 20,
          8,
          1024,
          Duration.ofMinutes(5),
          Duration.ofSeconds(10));

  public ServerOptions {
    origins = Set.copyOf(origins);
    require(port >= 0 && port <= 65_535, "the port must be 0 to 65535, was " + port);
    require(bodyBytes >= 1024, "the longest body must be at least 1024 bytes, was " + bodyBytes);
    require(running >= 1, "the number of running requests must be at least 1, was " + running);
    require(waiting >= 0, "the number of waiting requests must not be negative, was " + waiting);
    require(apiKey.map(key -> !key.isBlank()).orElse(true), "the API key must not be blank");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  public ServerOptions withAddress(String newHost, int newPort) {
    return new ServerOptions(
        newHost, newPort, apiKey, origins, bodyBytes, running, waiting, patience, grace);
  }

  public ServerOptions withApiKey(String key) {
    return new ServerOptions(
        host, port, Optional.of(key), origins, bodyBytes, running, waiting, patience, grace);
  }

  public ServerOptions withOrigins(Set<String> allowed) {
    return new ServerOptions(
        host, port, apiKey, allowed, bodyBytes, running, waiting, patience, grace);
  }

  public ServerOptions withBodyBytes(int bytes) {
    return new ServerOptions(host, port, apiKey, origins, bytes, running, waiting, patience, grace);
  }

  public ServerOptions withQueue(int atOnce, int queued, Duration wait) {
    return new ServerOptions(host, port, apiKey, origins, bodyBytes, atOnce, queued, wait, grace);
  }
}
