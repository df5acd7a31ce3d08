package nibble.loaders.hub;

/** Hears how a download goes. Called on the thread that downloads. */
public interface PullListener {
  /** Hears nothing. */
  PullListener SILENT = new PullListener() {};

  /**
   * Everything to be downloaded is known.
   *
   * @param here bytes that are there already
   * @param total bytes, those included
   */
  default void begin(long here, long total) {}

  /**
   * More of it is there.
   *
   * @param file that is being downloaded
   * @param done bytes of all files; becomes less when a file has to start again
   */
  default void progress(String file, long done) {}

  /** Something that the user may want to know, such as a pause before the next attempt. */
  default void note(String line) {}
}
