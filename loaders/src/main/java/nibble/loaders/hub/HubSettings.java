package nibble.loaders.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nibble.loaders.hf.HubCache;
import org.jspecify.annotations.Nullable;

/**
 * Which hub, who asks, and where files go.
 *
 * @param endpoint address of the hub, without a slash at the end
 * @param token who asks; null for anybody
 * @param cache where files go
 * @param offline whether the network must not be used
 * @param patience how long to wait, how often to try
 */
record HubSettings(
    URI endpoint, @Nullable HubToken token, HubCache cache, boolean offline, Patience patience) {
  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  /**
   * Reads {@code HF_ENDPOINT}, {@code HF_TOKEN} (else the file {@code HF_TOKEN_PATH} or {@code
   * HF_HOME/token}, which {@code hf auth login} writes), {@code HF_HUB_OFFLINE}, and what {@link
   * HubCache#of} reads.
   *
   * @throws HubException if one of them makes no sense
   */
  static HubSettings of(Map<String, String> environment, Path home, Patience patience) {
    String offline = environment.getOrDefault("HF_HUB_OFFLINE", "");
    return new HubSettings(
        endpoint(environment.getOrDefault("HF_ENDPOINT", "")),
        token(environment, home).map(HubToken::new).orElse(null),
        HubCache.of(environment, home),
        TRUE.contains(offline.toUpperCase(Locale.ROOT)),
        patience);
  }

  private static URI endpoint(String text) {
    String address = text.isBlank() ? DEFAULT_ENDPOINT : text.strip().replaceAll("/+$", "");
    try {
      URI uri = new URI(address);
      boolean web =
          "https".equalsIgnoreCase(uri.getScheme()) || "http".equalsIgnoreCase(uri.getScheme());
      if (web
          && uri.getHost() != null
          && uri.getUserInfo() == null
          && uri.getQuery() == null
          && uri.getFragment() == null) {
        return uri;
      }
    } catch (URISyntaxException _) {
      // reported below
    }
    throw new HubException(
        "HF_ENDPOINT is '" + address + "', expected an address like " + DEFAULT_ENDPOINT);
  }

  private static Optional<String> token(Map<String, String> environment, Path home) {
    String named =
        environment
            .getOrDefault("HF_TOKEN", environment.getOrDefault("HUGGING_FACE_HUB_TOKEN", ""))
            .strip();
    if (!named.isEmpty()) {
      return Optional.of(named);
    }
    String path = environment.getOrDefault("HF_TOKEN_PATH", "");
    Path file =
        path.isEmpty() ? HubCache.hfHome(environment, home).resolve("token") : Path.of(path);
    try {
      return Files.isRegularFile(file)
          ? Optional.of(Files.readString(file).strip()).filter(t -> !t.isEmpty())
          : Optional.empty();
    } catch (IOException e) {
      throw new HubException(file + ": the token cannot be read: " + e.getMessage(), e);
    }
  }

  HubSettings withOffline(boolean value) {
    return new HubSettings(endpoint, token, cache, value, patience);
  }
}
