package nibble.loaders.hub;

/**
 * A file of a repository on the hub.
 *
 * @param name path within the repository, with {@code /} between names; checked, so that it stays
 *     within a folder
 * @param size in bytes
 * @param checksum of its content
 */
record RemoteFile(String name, long size, Checksum checksum) {
  private static final int LONGEST = 1000;
  private static final int LONGEST_PART = 255;

  RemoteFile {
    if (!isSafe(name)) {
      throw new IllegalArgumentException(
          "'" + name + "' is not a plain path within the repository");
    }
    if (size < 0) {
      throw new IllegalArgumentException("'" + name + "' has " + size + " bytes");
    }
  }

  /** Whether {@code name} stays below the folder that it is resolved against, on every system. */
  static boolean isSafe(String name) {
    if (name.isEmpty()
        || name.length() > LONGEST
        || name.chars().anyMatch(c -> c < ' ' || c == 0x7F || c == '\\' || c == ':')) {
      return false;
    }
    for (String part : name.split("/", -1)) {
      if (part.isEmpty()
          || part.length() > LONGEST_PART
          || part.equals(".")
          || part.equals("..")
          || part.endsWith(" ")
          || part.endsWith(".")) {
        return false;
      }
    }
    return true;
  }
}
