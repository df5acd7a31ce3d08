"""Text models in plain NumPy float64: the independent implementation behind the golden values of nibble.nn.decoder and nibble.nn.encoder.

Written from the papers and from the published descriptions of the checkpoints, one function for each architecture, without sharing code with
the Java side. A model takes `w` (name -> array), `c` (the keys of config.json) and `ids` [tokens]; it returns logits or hidden states.
"""
import math

import numpy as np


def erf(x):
    return np.vectorize(math.erf)(x)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def quick_gelu(x):
    return x / (1 + np.exp(-1.702 * x))


def silu(x):
    return x / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


ACTIVATIONS = {"gelu": gelu, "gelu_new": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh, "quick_gelu": quick_gelu, "silu": silu, "relu": relu}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def rms(x, g, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * g


def layer_norm(x, w, name, eps, bias=True):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    y = (x - m) / np.sqrt(v + eps) * w[name + ".weight"]
    return y + w[name + ".bias"] if bias else y


def linear(x, w, name):
    y = x @ w[name + ".weight"].T
    return y + w[name + ".bias"] if name + ".bias" in w else y


def rope_frequencies(dim, base, scaling, max_position, length, original=None):
    """Inverse frequencies and the factor of cosine and sine."""
    inv = 1.0 / base ** (np.arange(0, dim, 2, dtype=np.float64) / dim)
    if not scaling:
        return inv, 1.0
    kind = scaling.get("rope_type", scaling.get("type"))
    factor = scaling.get("factor")
    original = scaling.get("original_max_position_embeddings", original or max_position)
    if kind == "linear":
        return inv / factor, 1.0
    if kind == "dynamic":
        n = max(length, original)
        base = base * ((factor * n / original) - (factor - 1)) ** (dim / (dim - 2))
        return 1.0 / base ** (np.arange(0, dim, 2, dtype=np.float64) / dim), 1.0
    if kind == "yarn":
        def dimension(rotations):
            return dim * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(base))
        low = max(math.floor(dimension(scaling.get("beta_fast", 32))), 0)
        high = min(math.ceil(dimension(scaling.get("beta_slow", 1))), dim - 1)
        if low == high:
            high += 0.001
        ramp = np.clip((np.arange(dim // 2) - low) / (high - low), 0, 1)
        keep = 1 - ramp
        inv = inv / factor * (1 - keep) + inv * keep
        return inv, scaling.get("attention_factor", 0.1 * math.log(factor) + 1 if factor > 1 else 1.0)
    if kind == "llama3":
        lo, hi = scaling["low_freq_factor"], scaling["high_freq_factor"]
        out = []
        for f in inv:
            wavelength = 2 * math.pi / f
            if wavelength < original / hi:
                out.append(f)
            elif wavelength > original / lo:
                out.append(f / factor)
            else:
                s = (original / wavelength - lo) / (hi - lo)
                out.append((1 - s) * f / factor + s * f)
        return np.array(out), 1.0
    if kind == "longrope":
        ext = np.array(scaling["long_factor"] if length > original else scaling["short_factor"])
        stretch = max_position / original
        return inv / ext, math.sqrt(1 + math.log(stretch) / math.log(original)) if stretch > 1 else 1.0
    raise ValueError(kind)


def rotate(x, inv, amplitude):
    """x [heads, tokens, d]: the first 2 len(inv) channels turn; pairs are half a rotary width apart."""
    half = len(inv)
    angle = np.arange(x.shape[1])[:, None] * inv[None, :]
    cos, sin = np.cos(angle) * amplitude, np.sin(angle) * amplitude
    a, b, rest = x[..., :half], x[..., half:2 * half], x[..., 2 * half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin, rest], -1)


def heads_of(x, n):
    return x.reshape(x.shape[0], n, -1).transpose(1, 0, 2)


def attention(q, k, v, scale, visible, cap=None):
    """q [H, t, d], k and v [K, t, d]; visible(i, j) says whether query i sees key j."""
    group = q.shape[0] // k.shape[0]
    t = q.shape[1]
    out = np.zeros((q.shape[0], t, v.shape[2]))
    for h in range(q.shape[0]):
        s = q[h] @ k[h // group].T * scale
        if cap:
            s = cap * np.tanh(s / cap)
        for i in range(t):
            for j in range(t):
                if not visible(i, j):
                    s[i, j] = -np.inf
        out[h] = softmax(s) @ v[h // group]
    return out.transpose(1, 0, 2).reshape(t, -1)


def causal(i, j):
    return j <= i


def windowed(n):
    return lambda i, j: j <= i and i - j < n


def everything(i, j):
    return True


# Causal language models


def llama(w, c, ids):
    """llama, mistral, qwen2, qwen3, phi3, smollm3"""
    kind = c["model_type"]
    heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
    d = c.get("head_dim") or c["hidden_size"] // heads
    eps = c["rms_norm_eps"]
    act = ACTIVATIONS[c["hidden_act"]]
    rotary = int(d * c.get("partial_rotary_factor", 1.0))
    inv, amp = rope_frequencies(
        rotary, c["rope_theta"], c.get("rope_scaling"), c["max_position_embeddings"], len(ids), c.get("original_max_position_embeddings"))
    x = w["model.embed_tokens.weight"][ids]
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        h = rms(x, w[p + "input_layernorm.weight"], eps)
        if kind == "phi3":
            both = linear(h, w, p + "self_attn.qkv_proj")
            q, k, v = both[:, :heads * d], both[:, heads * d:(heads + kv) * d], both[:, (heads + kv) * d:]
        else:
            q, k, v = (linear(h, w, p + f"self_attn.{n}_proj") for n in "qkv")
        q, k, v = heads_of(q, heads), heads_of(k, kv), heads_of(v, kv)
        if kind == "qwen3":
            q = rms(q, w[p + "self_attn.q_norm.weight"], eps)
            k = rms(k, w[p + "self_attn.k_norm.weight"], eps)
        if kind != "smollm3" or c["no_rope_layers"][i]:
            q, k = rotate(q, inv, amp), rotate(k, inv, amp)
        window = c.get("sliding_window")
        slides = window and (kind in ("mistral", "phi3") or (c.get("use_sliding_window") and i >= c["max_window_layers"]))
        a = attention(q, k, v, 1 / math.sqrt(d), windowed(window) if slides else causal)
        x = x + linear(a, w, p + "self_attn.o_proj")
        h = rms(x, w[p + "post_attention_layernorm.weight"], eps)
        if kind == "phi3":
            both = linear(h, w, p + "mlp.gate_up_proj")
            n = both.shape[1] // 2
            gate, up = both[:, :n], both[:, n:]
        else:
            gate, up = linear(h, w, p + "mlp.gate_proj"), linear(h, w, p + "mlp.up_proj")
        x = x + linear(act(gate) * up, w, p + "mlp.down_proj")
    x = rms(x, w["model.norm.weight"], eps)
    return x @ w["model.embed_tokens.weight" if c["tie_word_embeddings"] else "lm_head.weight"].T


def gemma(w, c, ids):
    kind = c["model_type"]
    heads, kv, d, eps = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"], c["rms_norm_eps"]
    norm = lambda x, name: rms(x, 1 + w[name + ".weight"], eps)
    x = w["model.embed_tokens.weight"][ids] * math.sqrt(c["hidden_size"])
    scale = 1 / math.sqrt(d if kind == "gemma" else c["query_pre_attn_scalar"])
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        h = norm(x, p + "input_layernorm")
        q, k, v = (heads_of(linear(h, w, p + f"self_attn.{n}_proj"), m) for n, m in (("q", heads), ("k", kv), ("v", kv)))
        local = kind == "gemma2" and i % 2 == 0 or kind == "gemma3_text" and (i + 1) % c["sliding_window_pattern"] != 0
        if kind == "gemma3_text":
            q, k = norm(q, p + "self_attn.q_norm"), norm(k, p + "self_attn.k_norm")
        if kind == "gemma3_text" and local:
            inv, amp = rope_frequencies(d, c["rope_local_base_freq"], None, 0, 0)
        else:
            inv, amp = rope_frequencies(d, c["rope_theta"], c.get("rope_scaling"), c["max_position_embeddings"], len(ids))
        q, k = rotate(q, inv, amp), rotate(k, inv, amp)
        a = attention(q, k, v, scale, windowed(c["sliding_window"]) if local else causal, c.get("attn_logit_softcapping"))
        a = linear(a, w, p + "self_attn.o_proj")
        x = x + (a if kind == "gemma" else norm(a, p + "post_attention_layernorm"))
        h = norm(x, p + ("post_attention_layernorm" if kind == "gemma" else "pre_feedforward_layernorm"))
        m = linear(gelu_tanh(linear(h, w, p + "mlp.gate_proj")) * linear(h, w, p + "mlp.up_proj"), w, p + "mlp.down_proj")
        x = x + (m if kind == "gemma" else norm(m, p + "post_feedforward_layernorm"))
    logits = norm(x, "model.norm") @ w["model.embed_tokens.weight"].T
    cap = c.get("final_logit_softcapping")
    return cap * np.tanh(logits / cap) if cap else logits


def gpt2(w, c, ids):
    heads, eps = c["n_head"], c["layer_norm_epsilon"]
    d = c["n_embd"] // heads
    conv = lambda x, name: x @ w[name + ".weight"] + w[name + ".bias"]
    x = w["transformer.wte.weight"][ids] + w["transformer.wpe.weight"][:len(ids)]
    for i in range(c["n_layer"]):
        p = f"transformer.h.{i}."
        q, k, v = np.split(conv(layer_norm(x, w, p + "ln_1", eps), p + "attn.c_attn"), 3, -1)
        a = attention(heads_of(q, heads), heads_of(k, heads), heads_of(v, heads), 1 / math.sqrt(d), causal)
        x = x + conv(a, p + "attn.c_proj")
        x = x + conv(gelu_tanh(conv(layer_norm(x, w, p + "ln_2", eps), p + "mlp.c_fc")), p + "mlp.c_proj")
    return layer_norm(x, w, "transformer.ln_f", eps) @ w["transformer.wte.weight"].T


def opt(w, c, ids):
    heads, eps = c["num_attention_heads"], 1e-5
    d = c["hidden_size"] // heads
    pre = c["do_layer_norm_before"]
    p0 = "model.decoder."
    x = w[p0 + "embed_tokens.weight"][ids]
    if p0 + "project_in.weight" in w:
        x = linear(x, w, p0 + "project_in")
    x = x + w[p0 + "embed_positions.weight"][np.arange(len(ids)) + 2]
    for i in range(c["num_hidden_layers"]):
        p = p0 + f"layers.{i}."
        h = layer_norm(x, w, p + "self_attn_layer_norm", eps) if pre else x
        q, k, v = (heads_of(linear(h, w, p + f"self_attn.{n}_proj"), heads) for n in "qkv")
        x = x + linear(attention(q, k, v, 1 / math.sqrt(d), causal), w, p + "self_attn.out_proj")
        x = x if pre else layer_norm(x, w, p + "self_attn_layer_norm", eps)
        h = layer_norm(x, w, p + "final_layer_norm", eps) if pre else x
        x = x + linear(relu(linear(h, w, p + "fc1")), w, p + "fc2")
        x = x if pre else layer_norm(x, w, p + "final_layer_norm", eps)
    if pre:
        x = layer_norm(x, w, p0 + "final_layer_norm", eps)
    if p0 + "project_out.weight" in w:
        x = linear(x, w, p0 + "project_out")
    return x @ w[p0 + "embed_tokens.weight"].T


def gpt_neox(w, c, ids):
    heads, eps = c["num_attention_heads"], c["layer_norm_eps"]
    d = c["hidden_size"] // heads
    inv, amp = rope_frequencies(int(d * c["rotary_pct"]), c["rotary_emb_base"], None, 0, 0)
    x = w["gpt_neox.embed_in.weight"][ids]
    for i in range(c["num_hidden_layers"]):
        p = f"gpt_neox.layers.{i}."
        all_ = linear(layer_norm(x, w, p + "input_layernorm", eps), w, p + "attention.query_key_value")
        all_ = all_.reshape(len(ids), heads, 3, d).transpose(2, 1, 0, 3)
        a = attention(rotate(all_[0], inv, amp), rotate(all_[1], inv, amp), all_[2], 1 / math.sqrt(d), causal)
        a = linear(a, w, p + "attention.dense")
        source = x if c["use_parallel_residual"] else x + a
        m = linear(gelu(linear(layer_norm(source, w, p + "post_attention_layernorm", eps), w, p + "mlp.dense_h_to_4h")), w, p + "mlp.dense_4h_to_h")
        x = x + a + m
    return layer_norm(x, w, "gpt_neox.final_layer_norm", eps) @ w["embed_out.weight"].T


# Encoders


def bert(w, c, ids):
    """bert and roberta"""
    p0 = next(p for p in ("bert.", "roberta.", "") if p + "embeddings.word_embeddings.weight" in w)
    w = {k.replace(".gamma", ".weight").replace(".beta", ".bias"): v for k, v in w.items()}
    heads, eps = c["num_attention_heads"], c["layer_norm_eps"]
    d = c["hidden_size"] // heads
    first = 0 if c["model_type"] == "bert" else c["pad_token_id"] + 1
    e = p0 + "embeddings."
    x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][np.arange(len(ids)) + first] + w[e + "token_type_embeddings.weight"][0]
    x = layer_norm(x, w, e + "LayerNorm", eps)
    for i in range(c["num_hidden_layers"]):
        p = p0 + f"encoder.layer.{i}."
        q, k, v = (heads_of(linear(x, w, p + "attention.self." + n), heads) for n in ("query", "key", "value"))
        a = linear(attention(q, k, v, 1 / math.sqrt(d), everything), w, p + "attention.output.dense")
        x = layer_norm(x + a, w, p + "attention.output.LayerNorm", eps)
        m = linear(ACTIVATIONS[c["hidden_act"]](linear(x, w, p + "intermediate.dense")), w, p + "output.dense")
        x = layer_norm(x + m, w, p + "output.LayerNorm", eps)
    return x


def distilbert(w, c, ids):
    heads, eps = c["n_heads"], 1e-12
    d = c["dim"] // heads
    e = "distilbert.embeddings."
    x = layer_norm(w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:len(ids)], w, e + "LayerNorm", eps)
    for i in range(c["n_layers"]):
        p = f"distilbert.transformer.layer.{i}."
        q, k, v = (heads_of(linear(x, w, p + f"attention.{n}_lin"), heads) for n in "qkv")
        a = linear(attention(q, k, v, 1 / math.sqrt(d), everything), w, p + "attention.out_lin")
        x = layer_norm(x + a, w, p + "sa_layer_norm", eps)
        x = layer_norm(x + linear(gelu(linear(x, w, p + "ffn.lin1")), w, p + "ffn.lin2"), w, p + "output_layer_norm", eps)
    return x


def modernbert(w, c, ids):
    heads, eps = c["num_attention_heads"], c["norm_eps"]
    d = c["hidden_size"] // heads
    x = layer_norm(w["model.embeddings.tok_embeddings.weight"][ids], w, "model.embeddings.norm", eps, False)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        whole = i % c["global_attn_every_n_layers"] == 0
        inv, amp = rope_frequencies(d, c["global_rope_theta" if whole else "local_rope_theta"], None, 0, 0)
        h = x if i == 0 else layer_norm(x, w, p + "attn_norm", eps, False)
        q, k, v = (heads_of(y, heads) for y in np.split(linear(h, w, p + "attn.Wqkv"), 3, -1))
        half = c["local_attention"] // 2
        visible = everything if whole else (lambda a, b: abs(a - b) <= half)
        x = x + linear(attention(rotate(q, inv, amp), rotate(k, inv, amp), v, 1 / math.sqrt(d), visible), w, p + "attn.Wo")
        both = linear(layer_norm(x, w, p + "mlp_norm", eps, False), w, p + "mlp.Wi")
        n = both.shape[1] // 2
        x = x + linear(gelu(both[:, :n]) * both[:, n:], w, p + "mlp.Wo")
    return layer_norm(x, w, "model.final_norm", eps, False)


MODELS = {
    "llama": llama, "mistral": llama, "qwen2": llama, "qwen3": llama, "phi3": llama, "smollm3": llama,
    "gemma": gemma, "gemma2": gemma, "gemma3_text": gemma, "gpt2": gpt2, "opt": opt, "gpt_neox": gpt_neox,
    "bert": bert, "roberta": bert, "distilbert": distilbert, "modernbert": modernbert,
}
