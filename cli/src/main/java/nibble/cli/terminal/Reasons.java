package nibble.cli.terminal;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Words for failures that Java reports with little more than a file name. */
public final class Reasons {
  private Reasons() {}

  /** What went wrong, without the file name. */
  public static String of(IOException e) {
    return switch (e) {
      case NoSuchFileException ignored -> "no such file or folder";
      case AccessDeniedException ignored -> "permission denied";
      case FileAlreadyExistsException ignored -> "exists already";
      case NotDirectoryException ignored -> "not a folder";
      case FileSystemException f when f.getReason() != null -> f.getReason();
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }

  /** One line that names the file, if there is one, and what went wrong with it. */
  public static String line(IOException e) {
    return e instanceof FileSystemException f && f.getFile() != null
        ? f.getFile() + ": " + of(e)
        : of(e);
  }
}
