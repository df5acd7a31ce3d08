package nibble.nn.encoder;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.TokenIds;
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.Sequences;
import nibble.nn.transformer.TextEncoder;
import nibble.nn.transformer.TransformerBlock;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * A text encoder: word vectors with positions, blocks, hidden states of all tokens. What differs
 * between architectures is in its parts, which {@link Bert}, {@link DistilBert} and {@link
 * ModernBert} put together.
 *
 * <p>Sites, in forward order: per block those of {@link nibble.nn.transformer.SelfAttention}, then
 * {@code layers.N.mlp.fc1.input} and {@code layers.N.mlp.fc2.input}; and {@code <linear>.weight} of
 * every linear layer. The word vectors are called {@code embed}.
 */
public final class Encoder implements TextEncoder {
  private final EncoderConfig config;
  private final EncoderParts parts;

  Encoder(EncoderConfig config, EncoderParts parts) {
    this.config = config;
    this.parts = parts;
  }

  /** The dimensions as they are now. */
  public EncoderConfig config() {
    return config;
  }

  private EncoderSize size() {
    return config.size();
  }

  @Override
  public String architecture() {
    return size().architecture();
  }

  @Override
  public int vocabulary() {
    return size().vocabulary();
  }

  @Override
  public int contextLength() {
    return size().context();
  }

  @Override
  public int width() {
    return size().hidden();
  }

  @Override
  public Sites sites() {
    return parts.sites();
  }

  @Override
  public List<TransformerBlock> blocks() {
    return parts.blocks();
  }

  @Override
  public List<Embedding> tables() {
    return List.of(parts.words());
  }

  @Override
  public Tensor embed(Ops ops, Tensor ids) {
    TokenIds tokens = TokenIds.of(ids);
    return embed(
        ops, tokens.flat(), Sequences.equal(tokens.batch(), tokens.tokens()), tokens.batch());
  }

  private Tensor embed(Ops ops, int[] ids, Sequences sequences, int batch) {
    sequences.requireWithin(contextLength());
    Tensor x = parts.words().forward(ops, ids);
    if (parts.tokenTypes() != null) {
      x = ops.add(x, parts.tokenTypes().forward(ops, new int[] {0}));
    }
    LearnedPositions positions = parts.positions();
    if (positions != null) {
      x = positions.addTo(ops, x, sequences);
    }
    return ops.reshape(
        parts.embeddingNorm().forward(ops, x), batch, ids.length / batch, size().hidden());
  }

  /** The hidden states after the last normalisation. */
  @Override
  public Tensor head(Ops ops, Tensor x) {
    Norm norm = parts.finalNorm();
    return norm == null ? x : norm.forward(ops, x);
  }

  @Override
  public Tensor encode(Ops ops, List<int[]> texts) {
    Sequences sequences = Sequences.of(texts.stream().mapToInt(t -> t.length).toArray());
    int[] ids = texts.stream().flatMapToInt(Arrays::stream).toArray();
    Tensor x = embed(ops, ids, sequences, 1);
    for (TransformerBlock block : parts.blocks()) {
      x =
          ops.isRecording()
              ? block.forward(ops, x, sequences)
              : recycling(ops, block, x, sequences);
    }
    return ops.reshape(head(ops, x), -1, size().hidden());
  }

  private static Tensor recycling(Ops ops, TransformerBlock block, Tensor x, Sequences sequences) {
    try (Scope scope = ops.scope()) {
      return scope.keep(block.forward(ops, x, sequences));
    }
  }

  @Override
  public List<Linear> linears() {
    return parts.blocks().stream().flatMap(block -> block.linears().stream()).toList();
  }

  @Override
  public List<Parameter> parameters() {
    LearnedPositions positions = parts.positions();
    ParameterList all =
        new ParameterList().add(parts.words()).add(positions == null ? null : positions.table());
    all.add(parts.tokenTypes()).add(parts.embeddingNorm());
    parts.blocks().forEach(block -> all.addLinears(block.linears()).addNorms(block.norms()));
    all.add(parts.finalNorm());
    parts.unused().forEach(all::add);
    return all.toList();
  }

  /**
   * Empty: the embedding is normalised before the first block, and post-norm blocks normalise the
   * stream itself.
   */
  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }

  @Override
  public List<ResidualStructure.Reader> readers() {
    return parts.blocks().stream()
        .flatMap(block -> block.readers().stream())
        .filter(reader -> reader.norm().kind() != Norm.Kind.NONE)
        .toList();
  }
}
