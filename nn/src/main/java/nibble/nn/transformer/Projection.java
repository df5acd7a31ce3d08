package nibble.nn.transformer;

import java.util.List;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * How queries, keys and values are computed from the stream, in the forms that checkpoints have.
 */
public sealed interface Projection {
  /** Queries, keys, values, each {@code [batch, tokens, heads * headDim]}. */
  record Heads(Tensor q, Tensor k, Tensor v) {}

  /** The layers; they read the same input. */
  List<Linear> linears();

  /** The three of {@code x [batch, tokens, hidden]}, which has passed the input site. */
  Heads apply(Ops ops, Tensor x, AttentionCore core);

  /** Which rows of which layer are the queries. */
  ResidualStructure.HeadRows queries(AttentionCore core);

  /** Which rows of which layer are the keys. */
  ResidualStructure.HeadRows keys(AttentionCore core);

  /** Which rows of which layer are the values. */
  ResidualStructure.HeadRows values(AttentionCore core);

  /** Three layers. */
  record Separate(Linear query, Linear key, Linear value) implements Projection {
    @Override
    public List<Linear> linears() {
      return List.of(query, key, value);
    }

    @Override
    public Heads apply(Ops ops, Tensor x, AttentionCore core) {
      LayerInput input = new LayerInput(x);
      return new Heads(
          query.project(ops, input), key.project(ops, input), value.project(ops, input));
    }

    @Override
    public ResidualStructure.HeadRows queries(AttentionCore core) {
      return new ResidualStructure.HeadRows(query, 0, core.headDim());
    }

    @Override
    public ResidualStructure.HeadRows keys(AttentionCore core) {
      return new ResidualStructure.HeadRows(key, 0, core.headDim());
    }

    @Override
    public ResidualStructure.HeadRows values(AttentionCore core) {
      return new ResidualStructure.HeadRows(value, 0, core.headDim());
    }
  }

  /**
   * One layer whose rows are all queries, then all keys, then all values (Phi-3, GPT-2,
   * ModernBERT).
   */
  record Joined(Linear all) implements Projection {
    @Override
    public List<Linear> linears() {
      return List.of(all);
    }

    @Override
    public Heads apply(Ops ops, Tensor x, AttentionCore core) {
      Tensor joined = all.project(ops, x);
      int keys = core.width();
      int values = keys + core.keyValueWidth();
      return new Heads(
          part(ops, joined, 0, keys),
          part(ops, joined, keys, values),
          part(ops, joined, values, values + core.keyValueWidth()));
    }

    /** A copy where it may be recorded, otherwise a view. */
    private static Tensor part(Ops ops, Tensor joined, int from, int to) {
      return ops.isRecording() ? ops.slice(joined, 2, from, to) : joined.slice(2, from, to);
    }

    @Override
    public ResidualStructure.HeadRows queries(AttentionCore core) {
      return new ResidualStructure.HeadRows(all, 0, core.headDim());
    }

    @Override
    public ResidualStructure.HeadRows keys(AttentionCore core) {
      return new ResidualStructure.HeadRows(all, core.width(), core.headDim());
    }

    @Override
    public ResidualStructure.HeadRows values(AttentionCore core) {
      return new ResidualStructure.HeadRows(
          all, core.width() + core.keyValueWidth(), core.headDim());
    }
  }

  /** One layer with query, key and value of head 0, then those of head 1, ... (GPT-NeoX). */
  record JoinedByHead(Linear all) implements Projection {
    @Override
    public List<Linear> linears() {
      return List.of(all);
    }

    @Override
    public Heads apply(Ops ops, Tensor x, AttentionCore core) {
      Tensor joined = all.project(ops, x);
      int d = core.headDim();
      Tensor byHead = ops.reshape(joined, joined.dim(0), joined.dim(1), core.heads(), 3 * d);
      return new Heads(
          part(ops, byHead, 0, d), part(ops, byHead, d, 2 * d), part(ops, byHead, 2 * d, 3 * d));
    }

    private static Tensor part(Ops ops, Tensor byHead, int from, int to) {
      return ops.reshape(ops.slice(byHead, 3, from, to), byHead.dim(0), byHead.dim(1), -1);
    }

    @Override
    public ResidualStructure.HeadRows queries(AttentionCore core) {
      return new ResidualStructure.HeadRows(all, 0, 3 * core.headDim());
    }

    @Override
    public ResidualStructure.HeadRows keys(AttentionCore core) {
      return new ResidualStructure.HeadRows(all, core.headDim(), 3 * core.headDim());
    }

    @Override
    public ResidualStructure.HeadRows values(AttentionCore core) {
      return new ResidualStructure.HeadRows(all, 2 * core.headDim(), 3 * core.headDim());
    }
  }
}
