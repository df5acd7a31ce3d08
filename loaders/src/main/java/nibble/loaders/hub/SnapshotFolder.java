package nibble.loaders.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import nibble.loaders.WriteFailedException;

/** The folder of one commit, in which files are links to blobs. */
record SnapshotFolder(Path path) {
  /**
   * Makes {@code name} a link to {@code blob}; a hard link or a copy where the system has no
   * symbolic links.
   */
  void add(String name, Path blob) {
    Path file = path.resolve(name);
    Path folder = path.resolve(name + "/..").normalize();
    try {
      Files.createDirectories(folder);
      if (Files.exists(file) && Files.isSameFile(file, blob)) {
        return;
      }
      Path temporary = folder.resolve("." + UUID.randomUUID() + ".tmp");
      link(temporary, folder, blob);
      Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw WriteFailedException.of(file, e);
    }
  }

  private static void link(Path link, Path folder, Path blob) throws IOException {
    try {
      Files.createSymbolicLink(link, folder.relativize(blob));
    } catch (UnsupportedOperationException | FileSystemException _) {
      linkHard(link, blob);
    }
  }

  private static void linkHard(Path link, Path blob) throws IOException {
    try {
      Files.createLink(link, blob);
    } catch (UnsupportedOperationException | FileSystemException _) {
      Files.copy(blob, link);
    }
  }
}
