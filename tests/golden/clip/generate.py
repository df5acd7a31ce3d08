"""Writes the golden values of CLIP and SigLIP: <name>/{config.json,model.safetensors,expected.safetensors} beside this file.

Random weights (NumPy PCG64), tiny dimensions, results in float64 stored as float32. The implementation below shares only elementary functions
with tests/golden/text. Run: python3 generate.py            (made with Python 3.11, NumPy 2.4)
"""
import json
import math
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "text"))
sys.dont_write_bytecode = True
from generate import Weights, save  # noqa: E402
from numpy_models import ACTIVATIONS, attention, causal, everything, heads_of, layer_norm, linear, softmax  # noqa: E402

SEED = 20240608


def blocks(x, w, p, c, act, eps, visible):
    heads = c["num_attention_heads"]
    d = c["hidden_size"] // heads
    for i in range(c["num_hidden_layers"]):
        l = f"{p}encoder.layers.{i}."
        h = layer_norm(x, w, l + "layer_norm1", eps)
        q, k, v = (heads_of(linear(h, w, l + f"self_attn.{n}_proj"), heads) for n in "qkv")
        x = x + linear(attention(q, k, v, 1 / math.sqrt(d), visible), w, l + "self_attn.out_proj")
        x = x + linear(act(linear(layer_norm(x, w, l + "layer_norm2", eps), w, l + "mlp.fc1")), w, l + "mlp.fc2")
    return x


def patches(image, p):
    """One row for each patch, row by row; channels first within a patch."""
    n = image.shape[1] // p
    return np.array([image[:, i * p:(i + 1) * p, j * p:(j + 1) * p].reshape(-1) for i in range(n) for j in range(n)])


def image_vector(w, c, image, siglip, act, eps):
    e, v = "vision_model.embeddings.", c["vision_config"]
    kernel = w[e + "patch_embedding.weight"]
    x = patches(image, v["patch_size"]) @ kernel.reshape(kernel.shape[0], -1).T
    if siglip:
        x = x + w[e + "patch_embedding.bias"]
    else:
        x = np.concatenate([w[e + "class_embedding"][None], x])
    x = x + w[e + "position_embedding.weight"]
    if not siglip:
        x = layer_norm(x, w, "vision_model.pre_layrnorm", eps)
    x = blocks(x, w, "vision_model.", v, act, eps, everything)
    if not siglip:
        return layer_norm(x[:1], w, "vision_model.post_layernorm", eps)[0] @ w["visual_projection.weight"].T
    x = layer_norm(x, w, "vision_model.post_layernorm", eps)
    heads, h, p = v["num_attention_heads"], v["hidden_size"], "vision_model.head."
    wq, wk, wv = np.split(w[p + "attention.in_proj_weight"], 3)
    bq, bk, bv = np.split(w[p + "attention.in_proj_bias"], 3)
    q, k, u = w[p + "probe"][0] @ wq.T + bq, x @ wk.T + bk, x @ wv.T + bv
    mixed = []
    for i in range(heads):
        s = slice(i * h // heads, (i + 1) * h // heads)
        mixed.append(softmax(q[:, s] @ k[:, s].T / math.sqrt(h // heads)) @ u[:, s])
    a = linear(np.concatenate(mixed, 1), w, p + "attention.out_proj")
    m = linear(act(linear(layer_norm(a, w, p + "layernorm", eps), w, p + "mlp.fc1")), w, p + "mlp.fc2")
    return (a + m)[0]


def text_vector(w, c, ids, siglip, act, eps):
    e = "text_model.embeddings."
    x = w[e + "token_embedding.weight"][ids] + w[e + "position_embedding.weight"][:len(ids)]
    x = blocks(x, w, "text_model.", c["text_config"], act, eps, everything if siglip else causal)
    x = layer_norm(x, w, "text_model.final_layer_norm", eps)
    if siglip:
        return linear(x[-1], w, "text_model.head")
    eos = c["text_config"]["eos_token_id"]
    at = int(np.argmax(ids)) if eos == 2 else int(np.argmax(ids == eos))
    return x[at] @ w["text_projection.weight"].T


def draw_blocks(w, p, c):
    h, n = c["hidden_size"], c["intermediate_size"]
    for i in range(c["num_hidden_layers"]):
        l = f"{p}encoder.layers.{i}."
        w.norm(l + "layer_norm1", h)
        w.norm(l + "layer_norm2", h)
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            w.linear(l + "self_attn." + name, h, h, True)
        w.linear(l + "mlp.fc1", n, h, True)
        w.linear(l + "mlp.fc2", h, n, True)


def draw(w, c, siglip):
    v, t = c["vision_config"], c["text_config"]
    h, p = v["hidden_size"], v["patch_size"]
    n = (v["image_size"] // p) ** 2
    e = "vision_model.embeddings."
    w.matrix(e + "patch_embedding.weight", h, 3, p, p)
    if siglip:
        w.matrix(e + "patch_embedding.bias", h)
    else:
        w.matrix(e + "class_embedding", h)
        w.norm("vision_model.pre_layrnorm", h)
    w.matrix(e + "position_embedding.weight", n + (0 if siglip else 1), h)
    draw_blocks(w, "vision_model.", v)
    w.norm("vision_model.post_layernorm", h)
    th = t["hidden_size"]
    w.matrix("text_model.embeddings.token_embedding.weight", t["vocab_size"], th)
    w.matrix("text_model.embeddings.position_embedding.weight", t["max_position_embeddings"], th)
    draw_blocks(w, "text_model.", t)
    w.norm("text_model.final_layer_norm", th)
    if siglip:
        q = "vision_model.head."
        w.matrix(q + "probe", 1, 1, h)
        w.matrix(q + "attention.in_proj_weight", 3 * h, h)
        w.matrix(q + "attention.in_proj_bias", 3 * h)
        w.linear(q + "attention.out_proj", h, h, True)
        w.norm(q + "layernorm", h)
        w.linear(q + "mlp.fc1", v["intermediate_size"], h, True)
        w.linear(q + "mlp.fc2", h, v["intermediate_size"], True)
        w.linear("text_model.head", th, th, True)
        w["logit_scale"], w["logit_bias"] = np.array([1.5], np.float32), np.array([-0.7], np.float32)
    else:
        w.linear("visual_projection", c["projection_dim"], h)
        w.linear("text_projection", c["projection_dim"], th)
        w["logit_scale"] = np.array(2.6, np.float32)


def tower(hidden, heads, act, eps, **more):
    return dict(hidden_size=hidden, num_hidden_layers=2, num_attention_heads=heads, intermediate_size=16, hidden_act=act, layer_norm_eps=eps, **more)


def clip(eos):
    return dict(
        model_type="clip", projection_dim=6, vision_config=tower(12, 3, "quick_gelu", 1e-5, image_size=9, patch_size=4),
        text_config=tower(8, 2, "quick_gelu", 1e-5, vocab_size=23, max_position_embeddings=10, eos_token_id=eos))


CASES = {
    "clip": clip(21),
    "clip-largest-id": clip(2),
    "siglip": dict(
        model_type="siglip", vision_config=tower(12, 3, "gelu_pytorch_tanh", 1e-6, image_size=8, patch_size=4),
        text_config=tower(12, 2, "gelu_pytorch_tanh", 1e-6, vocab_size=23, max_position_embeddings=10)),
}


def main():
    for index, (name, c) in enumerate(CASES.items()):
        siglip = c["model_type"] == "siglip"
        rng = np.random.default_rng(SEED + index)
        w = Weights(rng)
        draw(w, c, siglip)
        v = c["vision_config"]
        images = rng.standard_normal((2, 3, v["image_size"], v["image_size"])).astype(np.float32)
        texts = [[3, 9, 5, 21, 1, 1, 1], [4, 4, 8, 2, 17, 21, 0]]  # token 21 is the largest and, for CLIP, ends a text
        d = {k: a.astype(np.float64) for k, a in w.items()}
        act, eps = ACTIVATIONS[v["hidden_act"]], v["layer_norm_eps"]
        iv = np.stack([image_vector(d, c, x, siglip, act, eps) for x in images.astype(np.float64)])
        tv = np.stack([text_vector(d, c, np.array(x), siglip, act, eps) for x in texts])
        unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
        scores = unit(iv) @ unit(tv).T * np.exp(float(d["logit_scale"].reshape(-1)[0])) + (float(d["logit_bias"][0]) if siglip else 0)
        folder = os.path.join(HERE, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(c, f, indent=1)
            f.write("\n")
        save(os.path.join(folder, "model.safetensors"), w)
        f32 = lambda x: x.astype(np.float32)
        save(
            os.path.join(folder, "expected.safetensors"),
            {"pixel_values": images, "input_ids": np.array(texts, np.int32), "image": f32(iv), "text": f32(tv), "scores": f32(scores)})


if __name__ == "__main__":
    main()
