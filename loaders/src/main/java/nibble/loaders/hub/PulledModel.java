package nibble.loaders.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * A model that is in the cache.
 *
 * @param commit that the revision stands for
 * @param folder of the model, in Hugging Face layout
 * @param files that were asked for
 * @param downloadedBytes that came over the network, 0 if everything was there
 */
public record PulledModel(String commit, Path folder, List<File> files, long downloadedBytes) {
  /**
   * One file.
   *
   * @param name path within the folder
   * @param bytes its size
   */
  public record File(String name, long bytes) {}

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(File::bytes).sum();
  }
}
