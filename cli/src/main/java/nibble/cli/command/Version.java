package nibble.cli.command;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
public final class Version implements IVersionProvider {
  /** Version of this program, written into everything it makes. */
  public static final String NUMBER = "0.1.0";

  /** For picocli. */
  public Version() {}

  @Override
  public String[] getVersion() {
    return new String[] {"nibble " + NUMBER, "Java " + Runtime.version()};
  }
}
