package nibble.loaders;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * A file or folder could not be written; nothing was left under its final name. The message is one
 * line that says why.
 */
public final class WriteFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error whose {@code message} already names the file. */
  public WriteFailedException(String message, @Nullable Throwable cause) {
    super(OneLine.of(message), cause);
  }

  /** The error that says why writing {@code target} failed. */
  public static WriteFailedException of(Path target, Exception cause) {
    return new WriteFailedException(target + ": cannot be written: " + reason(cause), cause);
  }

  private static String reason(Exception cause) {
    return switch (cause) {
      case AccessDeniedException e -> "no permission to write to " + e.getFile();
      case NoSuchFileException e -> "the folder of " + e.getFile() + " does not exist";
      case FileAlreadyExistsException e -> e.getFile() + " is in the way";
      case ReadOnlyFileSystemException _ -> "the file system is read-only";
      case IOException e when e.getMessage() != null && e.getMessage().contains("No space left") ->
          "no space left on the device; free some space or choose another folder";
      default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    };
  }
}
