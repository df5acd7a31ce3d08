package nibble.nn.encoder;

import java.util.List;
import java.util.stream.IntStream;
import nibble.nn.Activation;
import nibble.nn.Embedding;
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

/** What BERT and DistilBERT are made of: the same layers under different names. */
record PostNormLayers(Layers make, EncoderSize size, Activation activation, Names names) {
  /**
   * Names in the checkpoint.
   *
   * @param embeddings what stands before the names of the tables
   * @param blocks what stands before the number of a block
   * @param query within a block, like those that follow
   */
  record Names(
      String embeddings,
      String blocks,
      String query,
      String key,
      String value,
      String output,
      String attentionNorm,
      String up,
      String down,
      String lastNorm) {}

  /** The table {@code [rows, hidden]} of words, positions or segments. */
  Embedding table(String name, String checkpointName, int rows) {
    return new Embedding(
        name,
        make.weights()
            .parameter(names.embeddings() + checkpointName + ".weight", rows, size.hidden()));
  }

  /** The normalisation of the embedding. */
  Norm embeddingNorm() {
    return norm("embed_norm", names.embeddings() + "LayerNorm");
  }

  List<TransformerBlock> blocks() {
    return IntStream.range(0, size.layers()).mapToObj(this::block).toList();
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = names.blocks() + index + ".";
    SelfAttention attention = attention(name, layer, index);
    Norm first = norm(name + ".norm1", layer + names.attentionNorm());
    Linear up =
        make.linear(
            name + ".mlp.fc1", layer + names.up(), size.intermediate(), size.hidden(), true);
    Linear down =
        make.linear(
            name + ".mlp.fc2", layer + names.down(), size.hidden(), size.intermediate(), true);
    Norm second = norm(name + ".norm2", layer + names.lastNorm());
    return new TransformerBlock(
        name,
        attention,
        new FeedForward.Plain(up, activation, down),
        new Wiring.PostNorm(first, second));
  }

  private SelfAttention attention(String name, String layer, int index) {
    int hidden = size.hidden();
    AttentionCore core = AttentionCore.multiHead(size.heads(), size.headDim(), Visibility.ALL);
    Site input = make.input(name + ".attn.qkv");
    Projection projection =
        new Projection.Separate(
            make.linear(name + ".attn.q", layer + names.query(), hidden, hidden, true, input),
            make.linear(name + ".attn.k", layer + names.key(), hidden, hidden, true, input),
            make.linear(name + ".attn.v", layer + names.value(), hidden, hidden, true, input));
    Linear output = make.linear(name + ".attn.o", layer + names.output(), hidden, hidden, true);
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(core, projection, output, null, null, null),
        make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), true);
  }
}
