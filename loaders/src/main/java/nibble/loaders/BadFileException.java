package nibble.loaders;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file that is missing, unreadable or not what it should be. The message is one line: the file,
 * the place in it, what was found, what was expected and, where it helps, what to do.
 */
public final class BadFileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * An error whose {@code message} already names the file. Control characters in it are escaped.
   */
  public BadFileException(String message) {
    this(message, null);
  }

  /** An error whose {@code message} already names the file, and what led to it. */
  public BadFileException(String message, @Nullable Throwable cause) {
    super(OneLine.of(message), cause);
  }

  /** The error {@code "file: problem"}. */
  public static BadFileException of(Path file, String problem) {
    return new BadFileException(file + ": " + problem);
  }

  /** The error that says why reading {@code file} failed. */
  public static BadFileException reading(Path file, IOException cause) {
    String problem =
        switch (cause) {
          case NoSuchFileException _ -> "no such file";
          case AccessDeniedException _ -> "cannot be read: access denied";
          case CharacterCodingException _ -> "is not valid UTF-8 text";
          default ->
              "cannot be read: "
                  + (cause.getMessage() == null
                      ? cause.getClass().getSimpleName()
                      : cause.getMessage());
        };
    return new BadFileException(file + ": " + problem, cause);
  }
}
