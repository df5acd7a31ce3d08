package nibble.nn.clip;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Site;
import nibble.nn.transformer.AttentionCore;
import nibble.nn.transformer.FeedForward;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.Projection;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;

/** The blocks of a tower; images and texts have the same. */
final class ClipLayers {
  private ClipLayers() {}

  static List<TransformerBlock> blocks(
      Layers make, String namePrefix, String prefix, ClipConfig.Tower size, Visibility visibility) {
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(
          block(
              make,
              namePrefix + "layers." + i,
              i,
              prefix + "encoder.layers." + i + ".",
              size,
              visibility));
    }
    return blocks;
  }

  private static TransformerBlock block(
      Layers make,
      String name,
      int index,
      String layer,
      ClipConfig.Tower size,
      Visibility visibility) {
    int hidden = size.hidden();
    Norm first =
        make.layerNorm(name + ".norm1", layer + "layer_norm1", hidden, size.epsilon(), true);
    Site input = make.input(name + ".attn.qkv");
    String attn = layer + "self_attn.";
    Projection projection =
        new Projection.Separate(
            make.linear(name + ".attn.q", attn + "q_proj", hidden, hidden, true, input),
            make.linear(name + ".attn.k", attn + "k_proj", hidden, hidden, true, input),
            make.linear(name + ".attn.v", attn + "v_proj", hidden, hidden, true, input));
    Linear output = make.linear(name + ".attn.o", attn + "out_proj", hidden, hidden, true);
    AttentionCore core = AttentionCore.multiHead(size.heads(), size.headDim(), visibility);
    SelfAttention attention =
        new SelfAttention(
            name,
            index,
            new SelfAttention.Parts(core, projection, output, null, null, null),
            make.sites());
    Norm second =
        make.layerNorm(name + ".norm2", layer + "layer_norm2", hidden, size.epsilon(), true);
    FeedForward feedForward = feedForward(make, name + ".mlp.", layer + "mlp.", size);
    return new TransformerBlock(name, attention, feedForward, new Wiring.PreNorm(first, second));
  }

  static FeedForward.Plain feedForward(
      Layers make, String name, String checkpointName, ClipConfig.Tower size) {
    Linear up =
        make.linear(name + "fc1", checkpointName + "fc1", size.intermediate(), size.hidden(), true);
    Linear down =
        make.linear(name + "fc2", checkpointName + "fc2", size.hidden(), size.intermediate(), true);
    return new FeedForward.Plain(up, size.activation(), down);
  }
}
