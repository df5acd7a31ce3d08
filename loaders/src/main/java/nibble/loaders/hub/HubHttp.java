package nibble.loaders.hub;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Requests to the hub and to where it redirects. The token goes to the hub itself and to no other
 * host, port or scheme; an address that began with {@code https} is not continued without it.
 */
final class HubHttp implements AutoCloseable {
  private static final int REDIRECTS = 10;

  private final HubSettings settings;
  private final HttpClient client;

  HubHttp(HubSettings settings) {
    this.settings = settings;
    client =
        HttpClient.newBuilder()
            .connectTimeout(settings.patience().connect())
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /** An address below the hub's; {@code path} begins with a slash and is encoded. */
  URI address(String path) {
    return URI.create(settings.endpoint() + path);
  }

  /**
   * Asks once. An answer with an error that does not pass is returned like any other.
   *
   * @param method {@code GET}; or {@code HEAD}, which is answered by the first redirect to another
   *     host, because the hub's own headers are wanted
   * @throws TemporaryFailure if the server says so
   * @throws IOException if there is no answer
   */
  Answer ask(String method, URI address, Map<String, String> headers)
      throws IOException, InterruptedException {
    URI at = address;
    for (int hop = 0; hop <= REDIRECTS; hop++) {
      Answer answer = send(method, at, headers);
      if (TemporaryFailure.is(answer.status())) {
        TemporaryFailure failure = TemporaryFailure.of(answer, Instant.now());
        answer.close();
        throw failure;
      }
      URI next = isRedirect(answer.status()) ? target(at, answer) : at;
      if (!isRedirect(answer.status()) || method.equals("HEAD") && !isHub(next)) {
        return answer;
      }
      answer.close();
      at = next;
    }
    throw new HubException(address + ": more than " + REDIRECTS + " redirects");
  }

  private Answer send(String method, URI address, Map<String, String> headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .timeout(settings.patience().idle())
            .method(method, HttpRequest.BodyPublishers.noBody());
    Map<String, String> all = new HashMap<>(headers);
    all.put("User-Agent", "nibble");
    all.put("Accept-Encoding", "identity");
    if (settings.token() != null && isHub(address)) {
      all.put("Authorization", settings.token().header());
    }
    all.forEach(request::header);
    HttpResponse<BodyChunks> response = client.send(request.build(), info -> new BodyChunks());
    return new Answer(response, settings.patience().idle());
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private URI target(URI from, Answer answer) {
    String location = answer.header("Location").orElse("");
    URI next;
    try {
      next = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(from.getHost() + ": redirects to something that is no address", e);
    }
    String scheme = String.valueOf(next.getScheme()).toLowerCase(Locale.ROOT);
    boolean weaker = "https".equalsIgnoreCase(from.getScheme()) && !scheme.equals("https");
    if (location.isEmpty()
        || weaker
        || !(scheme.equals("https") || scheme.equals("http"))
        || next.getHost() == null) {
      throw new HubException(
          from.getHost()
              + ": redirects to "
              + (location.isEmpty() ? "nowhere" : next.getScheme() + " on " + next.getHost())
              + ", which is refused");
    }
    return next;
  }

  /** Whether {@code address} is served by the hub itself, so that it may see the token. */
  private boolean isHub(URI address) {
    URI hub = settings.endpoint();
    return hub.getScheme().equalsIgnoreCase(address.getScheme())
        && hub.getHost().equalsIgnoreCase(address.getHost())
        && port(hub) == port(address);
  }

  private static int port(URI address) {
    return address.getPort() >= 0
        ? address.getPort()
        : "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
  }

  /** Ends all connections. */
  @Override
  public void close() {
    client.shutdownNow();
  }
}
