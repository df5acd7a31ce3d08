package nibble.cli.command;

import nibble.cli.synthetic.SyntheticImages;
import nibble.cli.terminal.CommandFailure;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.vit.ViTConfig;
import picocli.CommandLine.Option;

/** Options that say how large a new ViT is. */
public final class ModelShape {
  @Option(
      names = "--size",
      paramLabel = "PIXELS",
      description = "Side of the pictures (default: ${DEFAULT-VALUE}).")
  private int size = SyntheticImages.DEFAULT_SIZE;

  @Option(
      names = "--patch",
      paramLabel = "PIXELS",
      description = "Side of a patch (default: ${DEFAULT-VALUE}).")
  private int patch = 6;

  @Option(
      names = "--hidden",
      paramLabel = "N",
      description = "Width of the residual stream (default: ${DEFAULT-VALUE}).")
  private int hidden = 128;

  @Option(
      names = "--layers",
      paramLabel = "N",
      description = "Number of blocks (default: ${DEFAULT-VALUE}).")
  private int layers = 6;

  @Option(
      names = "--heads",
      paramLabel = "N",
      description = "Attention heads (default: ${DEFAULT-VALUE}).")
  private int heads = 4;

  /** For picocli. */
  public ModelShape() {}

  ViTConfig config(int classes) {
    try {
      return new ViTConfig(
          ViTConfig.VIT,
          size,
          patch,
          3,
          hidden,
          layers,
          heads,
          4 * hidden,
          Activation.ofConfig("gelu"),
          1e-6f,
          true,
          classes,
          Norm.Kind.LAYER);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage("these dimensions make no model: " + e.getMessage());
    }
  }

  /** The options that make this shape again. */
  String arguments() {
    return "--size %d --patch %d --hidden %d --layers %d --heads %d"
        .formatted(size, patch, hidden, layers, heads);
  }
}
