package nibble.loaders.hf;

import java.util.regex.Pattern;

/**
 * Name of a model on the hub, and which state of it is meant.
 *
 * @param name {@code org/name}, or a name alone for the oldest models
 * @param revision branch, tag or commit, such as {@code main} or {@code refs/pr/1}
 */
public record ModelId(String name, String revision) {
  /** The revision that is meant where none is named. */
  public static final String MAIN = "main";

  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_][\\w.-]*(/[A-Za-z0-9_][\\w.-]*)?");
  private static final Pattern REVISION =
      Pattern.compile("[A-Za-z0-9_][\\w.-]*(/[A-Za-z0-9_][\\w.-]*)*");
  private static final int LONGEST = 200;

  /**
   * Checks both, so that they are safe in paths and addresses.
   *
   * @throws IllegalArgumentException if one is not what the hub allows
   */
  public ModelId {
    if (!isName(name)) {
      throw new IllegalArgumentException(name + ": not a model name like 'org/name'");
    }
    if (!isRevision(revision)) {
      throw new IllegalArgumentException(revision + ": not a branch, tag or commit");
    }
  }

  static boolean isName(String text) {
    return text.length() <= LONGEST
        && NAME.matcher(text).matches()
        && !text.contains("..")
        && !text.contains("--");
  }

  static boolean isRevision(String text) {
    return text.length() <= LONGEST && REVISION.matcher(text).matches() && !text.contains("..");
  }

  /** The main branch of {@code name}. */
  public static ModelId of(String name) {
    return new ModelId(name, MAIN);
  }

  /** The name, with {@code @revision} if that is not the main branch. */
  @Override
  public String toString() {
    return revision.equals(MAIN) ? name : name + "@" + revision;
  }
}
