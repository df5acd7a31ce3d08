package nibble.nn.decoder;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.TokenIds;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.Continuation;
import nibble.nn.transformer.KeyValueCache;
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.Sequences;
import nibble.nn.transformer.StreamStructure;
import nibble.nn.transformer.TransformerBlock;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A causal language model: word vectors, blocks, final normalisation, head. What differs between
 * architectures is in its parts, which {@link Llama}, {@link Gemma}, {@link Gpt2}, {@link Opt} and
 * {@link GptNeoX} put together.
 *
 * <p>Sites, in forward order: {@code project_in.input} where there is such a layer; per block those
 * of {@link nibble.nn.transformer.SelfAttention}, then {@code layers.N.mlp.gate_up.input} (or
 * {@code .mlp.fc1.input}) and {@code layers.N.mlp.down.input} (or {@code .mlp.fc2.input}); {@code
 * project_out.input}; {@code head.input}; and {@code <linear>.weight} of every linear layer. The
 * embedding is called {@code embed}.
 */
public final class Decoder implements CausalLanguageModel {
  private final DecoderConfig config;
  private final DecoderParts parts;

  Decoder(DecoderConfig config, DecoderParts parts) {
    this.config = config;
    this.parts = parts;
  }

  /**
   * The dimensions as they are now: transforms may have folded normalisations, or given the head a
   * weight of its own.
   */
  public DecoderConfig config() {
    return config.with(isTied(), isFolded());
  }

  private boolean isTied() {
    return parts.head().weight().isTied() && !parts.head().isReplaced();
  }

  private boolean isFolded() {
    Norm norm = parts.finalNorm();
    return norm != null && norm.gain() == null;
  }

  private DecoderSize size() {
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
  public Sites sites() {
    return parts.sites();
  }

  @Override
  public List<TransformerBlock> blocks() {
    return parts.blocks();
  }

  @Override
  public List<Embedding> tables() {
    return List.of(parts.embedding());
  }

  @Override
  public Tensor embed(Ops ops, Tensor ids) {
    TokenIds tokens = TokenIds.of(ids);
    return embed(
        ops, tokens.flat(), Sequences.equal(tokens.batch(), tokens.tokens()), tokens.batch());
  }

  /** The stream {@code [batch, rows / batch, hidden]} of all rows. */
  private Tensor embed(Ops ops, int[] ids, Sequences sequences, int batch) {
    sequences.requireWithin(contextLength());
    Tensor words = parts.embedding().forward(ops, ids);
    Tensor scaled = parts.embeddingScale() == 1 ? words : ops.scale(words, parts.embeddingScale());
    Linear projection = parts.projectIn();
    Tensor projected = projection == null ? scaled : projection.forward(ops, scaled);
    LearnedPositions positions = parts.positions();
    Tensor x = positions == null ? projected : positions.addTo(ops, projected, sequences);
    return ops.reshape(x, batch, ids.length / batch, size().hidden());
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    Norm norm = parts.finalNorm();
    Tensor normed = norm == null ? x : norm.forward(ops, x);
    Linear projection = parts.projectOut();
    Tensor logits =
        parts.head().forward(ops, projection == null ? normed : projection.forward(ops, normed));
    float cap = parts.softCap();
    return cap == 0 ? logits : ops.scale(ops.tanh(ops.scale(logits, 1 / cap)), cap);
  }

  @Override
  public KeyValueCache newCache() {
    return new KeyValueCache(
        parts.blocks().stream().map(block -> block.attention().newCache()).toList());
  }

  @Override
  public Tensor next(Ops ops, List<KeyValueCache> caches, List<int[]> ids) {
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Continuation continuation = Continuation.of(parts.blocks(), caches, ids, contextLength());
      Tensor x = advance(ops, continuation);
      return scope.keep(
          head(ops, ops.rowsOf(ops.reshape(x, -1, size().hidden()), continuation.lastRows())));
    }
  }

  @Override
  public void prefill(Ops ops, KeyValueCache cache, int[] ids) {
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      advance(ops, Continuation.of(parts.blocks(), List.of(cache), List.of(ids), contextLength()));
    }
  }

  private Tensor advance(Ops ops, Continuation continuation) {
    return continuation.run(ops, embed(ops, continuation.flatIds(), continuation.sequences(), 1));
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    addIfPresent(all, parts.projectIn());
    parts.blocks().forEach(block -> all.addAll(block.linears()));
    addIfPresent(all, parts.projectOut());
    all.add(parts.head());
    return all;
  }

  private static void addIfPresent(List<Linear> all, @Nullable Linear linear) {
    if (linear != null) {
      all.add(linear);
    }
  }

  @Override
  public List<Parameter> parameters() {
    ParameterList all = new ParameterList().add(parts.embedding()).add(positionTable());
    for (Linear linear : linears()) {
      boolean written = linear != parts.head() || !isTied();
      all.add(written ? linear.weight() : null).add(linear.bias());
    }
    parts.blocks().forEach(block -> all.addNorms(block.norms()));
    return all.add(parts.finalNorm()).toList();
  }

  private @Nullable Embedding positionTable() {
    LearnedPositions positions = parts.positions();
    return positions == null ? null : positions.table();
  }

  @Override
  public Optional<ResidualStructure> residualStructure() {
    Norm norm = parts.finalNorm();
    if (norm == null || parts.projectIn() != null || parts.projectOut() != null) {
      return Optional.empty();
    }
    List<Parameter> embeddings =
        new ParameterList().add(parts.embedding()).add(positionTable()).toList();
    return StreamStructure.of(
        size().hidden(), embeddings, List.of(), parts.blocks(), lastReader(norm));
  }

  private ResidualStructure.Reader lastReader(Norm norm) {
    Linear projection = parts.projectOut();
    return new ResidualStructure.Reader(
        norm, List.of(projection == null ? parts.head() : projection));
  }

  @Override
  public List<ResidualStructure.Reader> readers() {
    Norm norm = parts.finalNorm();
    Stream<ResidualStructure.Reader> inBlocks =
        parts.blocks().stream().flatMap(block -> block.readers().stream());
    return Stream.concat(inBlocks, Stream.ofNullable(norm).map(this::lastReader)).toList();
  }
}
