package nibble.loaders.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What the content of a file must hash to. The hub names large files by their SHA-256 and small
 * ones by their Git blob id, which is the SHA-1 of a header with the length and the content. The
 * hexadecimal text is also the name of the blob in the cache.
 */
sealed interface Checksum {
  Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");

  /** The hash in hexadecimal, lower case. */
  String hex();

  /** A digest that content of {@code size} bytes is to be added to. */
  MessageDigest start(long size);

  /** SHA-256 of the content. */
  record Sha256(String hex) implements Checksum {
    @Override
    public MessageDigest start(long size) {
      return digest("SHA-256");
    }
  }

  /** SHA-1 of {@code "blob <size>\0"} and the content. */
  record GitBlob(String hex) implements Checksum {
    @Override
    public MessageDigest start(long size) {
      MessageDigest digest = digest("SHA-1");
      digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
      return digest;
    }
  }

  /**
   * The checksum that {@code text} is, by its length; empty if it is none. Quotes and the {@code
   * W/} of an entity tag may stand around it.
   */
  static Optional<Checksum> of(String text) {
    String hex = text.replaceFirst("^W/", "").replace("\"", "");
    if (SHA256.matcher(hex).matches()) {
      return Optional.of(new Sha256(hex));
    }
    return SHA1.matcher(hex).matches() ? Optional.of(new GitBlob(hex)) : Optional.empty();
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(algorithm + " is missing in this Java", e);
    }
  }
}
