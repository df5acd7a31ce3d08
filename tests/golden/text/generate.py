"""Writes the golden values of text models: tests/golden/text/<name>/{config.json,model.safetensors,expected.safetensors} and rope.json.

Random weights (NumPy PCG64, seed below), tiny dimensions, results of numpy_models.py in float64 stored as float32.
Run: python3 generate.py            (made with Python 3.11, NumPy 2.4)
"""
import json
import os
import struct

import numpy as np

import numpy_models

SEED = 20240607
HERE = os.path.dirname(os.path.abspath(__file__))
VOCAB = 23
TOKENS = 13


def save(path, tensors):
    header, data, at = {}, b"", 0
    for name, a in tensors.items():
        raw = a.tobytes()
        header[name] = {"dtype": {"float32": "F32", "int32": "I32"}[str(a.dtype)], "shape": list(a.shape), "data_offsets": [at, at + len(raw)]}
        data += raw
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class Weights(dict):
    """Draws tensors; gains of normalisations lie around `gain`, so that no fold or offset is trivially right."""

    def __init__(self, rng):
        super().__init__()
        self.rng = rng

    def matrix(self, name, *shape, deviation=0.25):
        self[name] = (self.rng.standard_normal(shape) * deviation).astype(np.float32)

    def linear(self, name, out, inner, bias=False):
        self.matrix(name + ".weight", out, inner)
        if bias:
            self.matrix(name + ".bias", out)

    def gain(self, name, n, centre=1.0):
        self[name] = (centre + 0.3 * self.rng.standard_normal(n)).astype(np.float32)

    def norm(self, name, n, bias=True, weight="weight", shift="bias"):
        self.gain(f"{name}.{weight}", n)
        if bias:
            self.gain(f"{name}.{shift}", n, 0.0)


def llama(w, c):
    h, n, heads, kv = c["hidden_size"], c["intermediate_size"], c["num_attention_heads"], c["num_key_value_heads"]
    d = c.get("head_dim") or h // heads
    kind = c["model_type"]
    centre = 0.0 if kind.startswith("gemma") else 1.0
    bias = kind == "qwen2" or c.get("attention_bias", False)
    w.matrix("model.embed_tokens.weight", c["vocab_size"], h)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        w.gain(p + "input_layernorm.weight", h, centre)
        w.gain(p + "post_attention_layernorm.weight", h, centre)
        if kind in ("gemma2", "gemma3_text"):
            w.gain(p + "pre_feedforward_layernorm.weight", h, centre)
            w.gain(p + "post_feedforward_layernorm.weight", h, centre)
        if kind == "phi3":
            w.linear(p + "self_attn.qkv_proj", (heads + 2 * kv) * d, h)
            w.linear(p + "mlp.gate_up_proj", 2 * n, h)
        else:
            w.linear(p + "self_attn.q_proj", heads * d, h, bias)
            w.linear(p + "self_attn.k_proj", kv * d, h, bias)
            w.linear(p + "self_attn.v_proj", kv * d, h, bias)
            w.linear(p + "mlp.gate_proj", n, h, c.get("mlp_bias", False))
            w.linear(p + "mlp.up_proj", n, h, c.get("mlp_bias", False))
        if kind in ("qwen3", "gemma3_text"):
            w.gain(p + "self_attn.q_norm.weight", d, centre)
            w.gain(p + "self_attn.k_norm.weight", d, centre)
        w.linear(p + "self_attn.o_proj", h, heads * d, bias and kind == "llama")
        w.linear(p + "mlp.down_proj", h, n, c.get("mlp_bias", False))
    w.gain("model.norm.weight", h, centre)
    if not c["tie_word_embeddings"]:
        w.linear("lm_head", c["vocab_size"], h)


def gpt2(w, c):
    h = c["n_embd"]
    conv = lambda name, inner, out: (w.matrix(name + ".weight", inner, out), w.matrix(name + ".bias", out))
    w.matrix("transformer.wte.weight", c["vocab_size"], h)
    w.matrix("transformer.wpe.weight", c["n_positions"], h)
    for i in range(c["n_layer"]):
        p = f"transformer.h.{i}."
        w.norm(p + "ln_1", h)
        w.norm(p + "ln_2", h)
        conv(p + "attn.c_attn", h, 3 * h)
        conv(p + "attn.c_proj", h, h)
        conv(p + "mlp.c_fc", h, 4 * h)
        conv(p + "mlp.c_proj", 4 * h, h)
    w.norm("transformer.ln_f", h)


def opt(w, c):
    h, e, p0 = c["hidden_size"], c["word_embed_proj_dim"], "model.decoder."
    w.matrix(p0 + "embed_tokens.weight", c["vocab_size"], e)
    w.matrix(p0 + "embed_positions.weight", c["max_position_embeddings"] + 2, h)
    if e != h:
        w.linear(p0 + "project_in", h, e)
        w.linear(p0 + "project_out", e, h)
    for i in range(c["num_hidden_layers"]):
        p = p0 + f"layers.{i}."
        for n in ("q_proj", "k_proj", "v_proj", "out_proj"):
            w.linear(p + "self_attn." + n, h, h, True)
        w.norm(p + "self_attn_layer_norm", h)
        w.norm(p + "final_layer_norm", h)
        w.linear(p + "fc1", c["ffn_dim"], h, True)
        w.linear(p + "fc2", h, c["ffn_dim"], True)
    if c["do_layer_norm_before"]:
        w.norm(p0 + "final_layer_norm", h)


def gpt_neox(w, c):
    h, n = c["hidden_size"], c["intermediate_size"]
    w.matrix("gpt_neox.embed_in.weight", c["vocab_size"], h)
    for i in range(c["num_hidden_layers"]):
        p = f"gpt_neox.layers.{i}."
        w.norm(p + "input_layernorm", h)
        w.norm(p + "post_attention_layernorm", h)
        w.linear(p + "attention.query_key_value", 3 * h, h, True)
        w.linear(p + "attention.dense", h, h, True)
        w.linear(p + "mlp.dense_h_to_4h", n, h, True)
        w.linear(p + "mlp.dense_4h_to_h", h, n, True)
    w.norm("gpt_neox.final_layer_norm", h)
    w.linear("embed_out", c["vocab_size"], h)


def bert(w, c):
    kind = c["model_type"]
    h, n, p0 = c["hidden_size"], c["intermediate_size"], kind + "."
    names = ("gamma", "beta") if kind == "bert" else ("weight", "bias")
    norm = lambda name: w.norm(name, h, True, *names)
    w.matrix(p0 + "embeddings.word_embeddings.weight", c["vocab_size"], h)
    w.matrix(p0 + "embeddings.position_embeddings.weight", c["max_position_embeddings"], h)
    w.matrix(p0 + "embeddings.token_type_embeddings.weight", c["type_vocab_size"], h)
    norm(p0 + "embeddings.LayerNorm")
    for i in range(c["num_hidden_layers"]):
        p = p0 + f"encoder.layer.{i}."
        for k in ("query", "key", "value"):
            w.linear(p + "attention.self." + k, h, h, True)
        w.linear(p + "attention.output.dense", h, h, True)
        norm(p + "attention.output.LayerNorm")
        w.linear(p + "intermediate.dense", n, h, True)
        w.linear(p + "output.dense", h, n, True)
        norm(p + "output.LayerNorm")


def distilbert(w, c):
    h, p0 = c["dim"], "distilbert."
    w.matrix(p0 + "embeddings.word_embeddings.weight", c["vocab_size"], h)
    w.matrix(p0 + "embeddings.position_embeddings.weight", c["max_position_embeddings"], h)
    w.norm(p0 + "embeddings.LayerNorm", h)
    for i in range(c["n_layers"]):
        p = p0 + f"transformer.layer.{i}."
        for k in ("q_lin", "k_lin", "v_lin", "out_lin"):
            w.linear(p + "attention." + k, h, h, True)
        w.norm(p + "sa_layer_norm", h)
        w.linear(p + "ffn.lin1", c["hidden_dim"], h, True)
        w.linear(p + "ffn.lin2", h, c["hidden_dim"], True)
        w.norm(p + "output_layer_norm", h)


def modernbert(w, c):
    h, n = c["hidden_size"], c["intermediate_size"]
    w.matrix("model.embeddings.tok_embeddings.weight", c["vocab_size"], h)
    w.norm("model.embeddings.norm", h, False)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        if i:
            w.norm(p + "attn_norm", h, False)
        w.norm(p + "mlp_norm", h, False)
        w.linear(p + "attn.Wqkv", 3 * h, h)
        w.linear(p + "attn.Wo", h, h)
        w.linear(p + "mlp.Wi", 2 * n, h)
        w.linear(p + "mlp.Wo", h, n)
    w.norm("model.final_norm", h, False)


def decoder(kind, **more):
    base = dict(
        model_type=kind, vocab_size=VOCAB, hidden_size=16, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu", tie_word_embeddings=False)
    return {**base, **more}


LONG = dict(
    rope_type="longrope", short_factor=[1.0, 1.05, 1.1, 1.2], long_factor=[1.3, 2.0, 4.0, 8.0])
CASES = {
    "llama": (llama, decoder(
        "llama", architectures=["LlamaForCausalLM"],
        rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16))),
    "llama-biases": (llama, decoder(
        "llama", attention_bias=True, mlp_bias=True, num_key_value_heads=1, num_attention_heads=3, hidden_size=12, tie_word_embeddings=True,
        rope_scaling=dict(type="linear", factor=2.0))),
    "mistral": (llama, decoder("mistral", sliding_window=4)),
    "qwen2": (llama, decoder("qwen2", tie_word_embeddings=True, use_sliding_window=True, sliding_window=5, max_window_layers=1)),
    "qwen3": (llama, decoder("qwen3", head_dim=6, tie_word_embeddings=True, rope_theta=1000000.0)),
    "phi3": (llama, decoder("phi3", original_max_position_embeddings=8, head_dim=8, num_attention_heads=2, num_key_value_heads=1, rope_scaling=LONG)),
    "phi3-partial": (llama, decoder("phi3", partial_rotary_factor=0.5, sliding_window=6)),
    "smollm3": (llama, decoder("smollm3", no_rope_layers=[1, 0], tie_word_embeddings=True)),
    "gemma": (llama, decoder("gemma", head_dim=8, hidden_act="gelu", num_key_value_heads=1, tie_word_embeddings=True)),
    "gemma2": (llama, decoder(
        "gemma2", head_dim=6, hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=10, attn_logit_softcapping=2.0,
        final_logit_softcapping=3.0, sliding_window=4, tie_word_embeddings=True)),
    "gemma3": (llama, decoder(
        "gemma3_text", head_dim=6, hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=7, sliding_window=4, sliding_window_pattern=2,
        rope_local_base_freq=10000.0, rope_theta=1000000.0, rope_scaling=dict(rope_type="linear", factor=8.0), tie_word_embeddings=True)),
    "gpt2": (gpt2, dict(
        model_type="gpt2", vocab_size=VOCAB, n_embd=12, n_layer=2, n_head=3, n_positions=32, layer_norm_epsilon=1e-5, activation_function="gelu_new")),
    "opt": (opt, dict(
        model_type="opt", vocab_size=VOCAB, hidden_size=12, word_embed_proj_dim=12, num_hidden_layers=2, num_attention_heads=3, ffn_dim=20,
        max_position_embeddings=32, do_layer_norm_before=True, activation_function="relu")),
    "opt-post": (opt, dict(
        model_type="opt", vocab_size=VOCAB, hidden_size=12, word_embed_proj_dim=8, num_hidden_layers=2, num_attention_heads=2, ffn_dim=20,
        max_position_embeddings=32, do_layer_norm_before=False, activation_function="relu")),
    "gpt-neox": (gpt_neox, dict(
        model_type="gpt_neox", vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, rotary_pct=0.25,
        rotary_emb_base=10000, max_position_embeddings=32, layer_norm_eps=1e-5, hidden_act="gelu", use_parallel_residual=True)),
    "gpt-neox-sequential": (gpt_neox, dict(
        model_type="gpt_neox", vocab_size=VOCAB, hidden_size=12, intermediate_size=24, num_hidden_layers=2, num_attention_heads=3, rotary_pct=1.0,
        rotary_emb_base=10000, max_position_embeddings=32, layer_norm_eps=1e-5, hidden_act="gelu", use_parallel_residual=False)),
    "bert": (bert, dict(
        model_type="bert", vocab_size=VOCAB, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20, hidden_act="gelu",
        max_position_embeddings=24, type_vocab_size=2, layer_norm_eps=1e-12)),
    "roberta": (bert, dict(
        model_type="roberta", vocab_size=VOCAB, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20, hidden_act="gelu",
        max_position_embeddings=26, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)),
    "distilbert": (distilbert, dict(
        model_type="distilbert", vocab_size=VOCAB, dim=12, n_layers=2, n_heads=2, hidden_dim=20, activation="gelu", max_position_embeddings=24)),
    "modernbert": (modernbert, dict(
        model_type="modernbert", vocab_size=VOCAB, hidden_size=12, num_hidden_layers=4, num_attention_heads=3, intermediate_size=18,
        hidden_activation="gelu", max_position_embeddings=32, norm_eps=1e-5, global_attn_every_n_layers=3, local_attention=6,
        global_rope_theta=160000.0, local_rope_theta=10000.0)),
}


def main():
    for index, (name, (draw, config)) in enumerate(CASES.items()):
        rng = np.random.default_rng(SEED + index)
        w = Weights(rng)
        draw(w, config)
        ids = rng.integers(2, VOCAB, (2, TOKENS)).astype(np.int32)
        doubles = {k: v.astype(np.float64) for k, v in w.items()}
        out = np.stack([numpy_models.MODELS[config["model_type"]](doubles, config, row) for row in ids])
        folder = os.path.join(HERE, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(config, f, indent=1)
            f.write("\n")
        save(os.path.join(folder, "model.safetensors"), w)
        save(os.path.join(folder, "expected.safetensors"), {"input_ids": ids, "output": out.astype(np.float32)})
    write_rope()


def write_rope():
    """Frequencies and amplitude of every kind of scaling, for several lengths."""
    scalings = {
        "none": None,
        "linear": dict(rope_type="linear", factor=4.0),
        "dynamic": dict(rope_type="dynamic", factor=2.0),
        "yarn": dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=512),
        "yarn-given": dict(rope_type="yarn", factor=8.0, original_max_position_embeddings=256, beta_fast=24, beta_slow=2, attention_factor=1.25),
        "llama3": dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=512),
        "longrope": dict(
            rope_type="longrope", short_factor=[1 + 0.05 * i for i in range(16)], long_factor=[1 + 0.5 * i for i in range(16)],
            original_max_position_embeddings=512),
    }
    cases = []
    for name, scaling in scalings.items():
        for base in (10000.0, 500000.0):
            for length in (100, 3000):
                inv, amplitude = numpy_models.rope_frequencies(32, base, scaling, 2048, length, scaling and scaling.get("original_max_position_embeddings"))
                cases.append(dict(
                    name=name, base=base, length=length, dims=32, max_position_embeddings=2048, rope_scaling=scaling,
                    frequencies=list(inv), amplitude=amplitude))
    with open(os.path.join(HERE, "rope.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
