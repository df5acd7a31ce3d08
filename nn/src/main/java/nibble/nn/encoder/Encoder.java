package nibble.nn.encoder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.TokenIds;
import nibble.nn.transformer.Continuation;
import nibble.nn.transformer.Sequences;
import nibble.nn.transformer.TextEncoder;
import nibble.nn.transformer.TransformerBlock;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A text encoder: word vectors with positions, blocks, hidden states of all tokens. What differs between architectures is in its parts,
 * which {@link Bert}, {@link DistilBert} and {@link ModernBert} put together.
 *
 * <p>Sites, in forward order: per block those of {@link nibble.nn.transformer.SelfAttention}, then {@code layers.N.mlp.fc1.input} and {@code
 * layers.N.mlp.fc2.input}; and {@code <linear>.weight} of every linear layer. The word vectors are called {@code embed}.
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
    return embed(ops, tokens.flat(), Sequences.equal(tokens.batch(), tokens.tokens()), tokens.batch());
  }

  private Tensor embed(Ops ops, int[] ids, Sequences sequences, int batch) {
    for (int i = 0; i < sequences.count(); i++) {
      Continuation.checkLength(i, sequences.total(i), contextLength());
    }
    Tensor x = parts.words().forward(ops, ids);
    if (parts.tokenTypes() != null) {
      x = ops.add(x, parts.tokenTypes().forward(ops, new int[] {0}));
    }
    if (parts.positions() != null) {
      int[] rows = sequences.rowPositions();
      for (int i = 0; i < rows.length; i++) {
        rows[i] += parts.positionOffset();
      }
      x = ops.add(x, parts.positions().forward(ops, rows));
    }
    return ops.reshape(parts.embeddingNorm().forward(ops, x), batch, ids.length / batch, size().hidden());
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
      x = ops.isRecording() ? block.forward(ops, x, sequences) : recycling(ops, block, x, sequences);
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
    List<Linear> all = new ArrayList<>();
    parts.blocks().forEach(block -> block.stages().forEach(all::addAll));
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    all.add(parts.words().weight());
    addTable(all, parts.positions());
    addTable(all, parts.tokenTypes());
    addNorm(all, parts.embeddingNorm());
    for (TransformerBlock block : parts.blocks()) {
      for (List<Linear> stage : block.stages()) {
        for (Linear linear : stage) {
          all.add(linear.weight());
          addIfPresent(all, linear.bias());
        }
      }
      block.norms().forEach(norm -> addNorm(all, norm));
    }
    if (parts.finalNorm() != null) {
      addNorm(all, parts.finalNorm());
    }
    all.addAll(parts.unused());
    return all;
  }

  private static void addTable(List<Parameter> all, @Nullable Embedding table) {
    if (table != null) {
      all.add(table.weight());
    }
  }

  private static void addNorm(List<Parameter> all, Norm norm) {
    addIfPresent(all, norm.gain());
    addIfPresent(all, norm.bias());
  }

  private static void addIfPresent(List<Parameter> all, @Nullable Parameter parameter) {
    if (parameter != null) {
      all.add(parameter);
    }
  }

  /** Empty: the embedding is normalised before the first block, and post-norm blocks normalise the stream itself. */
  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }
}
