package nibble.cli.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;

/**
 * Who may ask: whoever knows the key, and no web page that was not named. A browser sends the
 * origin of the page along, so that a page of somewhere else cannot use a server that listens on
 * the loopback address of its visitor.
 */
record Guard(Optional<String> apiKey, Set<String> origins) {
  private static final String SCHEME = "Bearer ";

  /**
   * Lets the request pass.
   *
   * @throws HttpFailure with status 401 or 403 if it may not
   */
  void check(Exchange exchange) {
    Optional<String> origin = exchange.header("Origin");
    if (origin.isPresent()) {
      if (!origins.contains(origin.get())) {
        throw HttpFailure.refused(
            403,
            "pages of '%s' may not call this server; start it with --allow-origin to let them"
                .formatted(origin.get()));
      }
      exchange.setHeader("Access-Control-Allow-Origin", origin.get());
      exchange.setHeader("Vary", "Origin");
    }
    if (apiKey.isPresent() && !matches(exchange.header("Authorization").orElse(""), apiKey.get())) {
      throw HttpFailure.refused(
          401, "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'");
    }
  }

  /** Compares in a time that does not depend on where the two differ. */
  private static boolean matches(String header, String key) {
    byte[] expected = (SCHEME + key).getBytes(StandardCharsets.UTF_8);
    return MessageDigest.isEqual(expected, header.getBytes(StandardCharsets.UTF_8));
  }
}
