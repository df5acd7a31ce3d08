package nibble.nn.transformer;

import java.util.List;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** How queries, keys and values are computed from the stream, in the forms that checkpoints have. */
public sealed interface Projection {
  /** Queries, keys, values, each {@code [batch, heads, tokens, headDim]}. */
  record Heads(Tensor q, Tensor k, Tensor v) {}

  /** The layers; they read the same input. */
  List<Linear> linears();

  /** The three of {@code x [batch, tokens, hidden]}, which has passed the input site. */
  Heads apply(Ops ops, Tensor x, AttentionCore core);

  /** Which rows of which layer are the values. */
  ResidualStructure.ValueRows values(AttentionCore core);


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
          ops.splitHeads(query.project(ops, input), core.heads()),
          ops.splitHeads(key.project(ops, input), core.keyValueHeads()),
          ops.splitHeads(value.project(ops, input), core.keyValueHeads()));
    }

    @Override
    public ResidualStructure.ValueRows values(AttentionCore core) {
      return new ResidualStructure.ValueRows(value, 0, core.headDim());
    }
  }

  /** One layer whose rows are all queries, then all keys, then all values (Phi-3, GPT-2, ModernBERT). */
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
          ops.splitHeads(ops.slice(joined, 2, 0, keys), core.heads()),
          ops.splitHeads(ops.slice(joined, 2, keys, values), core.keyValueHeads()),
          ops.splitHeads(ops.slice(joined, 2, values, values + core.keyValueWidth()), core.keyValueHeads()));
    }

    @Override
    public ResidualStructure.ValueRows values(AttentionCore core) {
      return new ResidualStructure.ValueRows(all, core.width() + core.keyValueWidth(), core.headDim());
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
      int d = core.headDim();
      Tensor byHead = ops.splitHeads(all.project(ops, x), core.heads()); // [batch, heads, tokens, 3 * headDim]
      return new Heads(ops.slice(byHead, 3, 0, d), ops.slice(byHead, 3, d, 2 * d), ops.slice(byHead, 3, 2 * d, 3 * d));
    }

    @Override
    public ResidualStructure.ValueRows values(AttentionCore core) {
      return new ResidualStructure.ValueRows(all, 2 * core.headDim(), 3 * core.headDim());
    }
  }
}
