package nibble.loaders.hub;

/**
 * The secret that tells the hub who asks. Its text is only in the one header that needs it; {@link
 * #toString()} does not show it.
 */
final class HubToken {
  private final String secret;

  /**
   * @throws HubException if the text cannot be sent in a header; the message does not repeat it
   */
  HubToken(String secret) {
    if (secret.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new HubException("HF_TOKEN has characters that no token has; copy it again");
    }
    this.secret = secret;
  }

  String header() {
    return "Bearer " + secret;
  }

  @Override
  public String toString() {
    return "***";
  }
}
