"""Golden values for Swin: tiny random checkpoints in the layout of Hugging Face, and logits of an independent float64 implementation.

Written from arXiv:2103.14030 and the behaviour of SwinForImageClassification (transformers 4.4x): zeros pad a grid that the window does not
divide, after the first normalisation; the mask of a shifted grid is -100; the embedding and merging normalisations have epsilon 1e-5.
Run: python3 tests/golden/swin/generate.py   (numpy 2.4; seed 20)
"""

import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from tiny import Weights, apply, attention, gelu, gradients, layer_norm, patches, write_safetensors  # noqa: E402

EPSILON = 1e-6


def block(w, name, x, heads, window, shift, ratio):
    batch, side, _, width = x.shape
    n1 = w.norm(name + ".layernorm_before", width)
    q, k, v = (w.linear(name + ".attention.self." + n, width, width) for n in ("query", "key", "value"))
    out = w.linear(name + ".attention.output.dense", width, width)
    table = w.draw(name + ".attention.self.relative_position_bias_table", (2 * window - 1) ** 2, heads, deviation=1.0)
    n2 = w.norm(name + ".layernorm_after", width)
    fc1 = w.linear(name + ".intermediate.dense", int(ratio * width), width)
    fc2 = w.linear(name + ".output.dense", width, int(ratio * width))
    if side <= window:
        shift = 0
    padded = -(-side // window) * window
    grid = np.zeros((batch, padded, padded, width))
    grid[:, :side, :side] = layer_norm(n1, x, EPSILON)
    grid = np.roll(grid, (-shift, -shift), (1, 2))
    # Two patches of a window see each other if both come from the same side of the seam that the shift made.
    seam = np.zeros((padded, padded, 2), dtype=int)
    if shift:
        seam[padded - shift:, :, 0] = 1
        seam[:, padded - shift:, 1] = 1
    places = [(i, j) for i in range(window) for j in range(window)]
    bias = np.empty((heads, window ** 2, window ** 2))
    for a, (i, j) in enumerate(places):
        for b, (y, z) in enumerate(places):
            bias[:, a, b] = table[(i - y + window - 1) * (2 * window - 1) + (j - z + window - 1)]
    mixed = np.empty_like(grid)
    for top in range(0, padded, window):
        for left in range(0, padded, window):
            region = seam[top:top + window, left:left + window].reshape(-1, 2)
            far = np.any(region[:, None] != region[None], -1) * -100.0
            for image in range(batch):
                tokens = grid[image, top:top + window, left:left + window].reshape(-1, width)
                values = attention(apply(q, tokens), apply(k, tokens), apply(v, tokens), heads, bias + far)
                mixed[image, top:top + window, left:left + window] = apply(out, values).reshape(window, window, width)
    x = x + np.roll(mixed, (shift, shift), (1, 2))[:, :side, :side]
    return x + apply(fc2, gelu(apply(fc1, layer_norm(n2, x, EPSILON))))


def merge(w, name, x):
    batch, side, _, width = x.shape
    even = side + side % 2
    grid = np.zeros((batch, even, even, width))
    grid[:, :side, :side] = x
    four = [grid[:, 0::2, 0::2], grid[:, 1::2, 0::2], grid[:, 0::2, 1::2], grid[:, 1::2, 1::2]]
    norm = w.norm(name + ".norm", 4 * width)
    reduction = w.linear(name + ".reduction", 2 * width, 4 * width, bias=False)
    return apply(reduction, layer_norm(norm, np.concatenate(four, -1), 1e-5))


def run(config, seed, pixels, bump=(None, 0, 0.0)):
    w = Weights(seed, bump)
    width = config["embed_dim"]
    x = patches(w, "swin.embeddings.patch_embeddings.projection", pixels.astype("f8"), width, config["patch_size"])
    x = layer_norm(w.norm("swin.embeddings.norm", width), x, 1e-5)
    for stage, depth in enumerate(config["depths"]):
        for i in range(depth):
            shift = 0 if i % 2 == 0 else config["window_size"] // 2
            name = f"swin.encoder.layers.{stage}.blocks.{i}"
            x = block(w, name, x, config["num_heads"][stage], config["window_size"], shift, config["mlp_ratio"])
        if stage + 1 < len(config["depths"]):
            x = merge(w, f"swin.encoder.layers.{stage}.downsample", x)
    x = layer_norm(w.norm("swin.layernorm", x.shape[-1]), x, EPSILON)
    return apply(w.linear("classifier", 5, x.shape[-1]), x.reshape(2, -1, x.shape[-1]).mean(1)), w.tensors


def case(folder, seed, config):
    pixels = np.random.default_rng(seed + 100).standard_normal((2, 3, config["image_size"], config["image_size"])).astype("f4")
    logits, tensors = run(config, seed, pixels)
    expected = {"pixels": pixels, "logits": logits} | gradients(lambda bump: run(config, seed, pixels, bump)[0], tensors)
    path = os.path.join(HERE, folder)
    os.makedirs(path, exist_ok=True)
    write_safetensors(os.path.join(path, "model.safetensors"), tensors)
    write_safetensors(os.path.join(path, "expected.safetensors"), expected)
    with open(os.path.join(path, "config.json"), "w") as f:
        json.dump(config, f, indent=1)
        f.write("\n")


COMMON = {
    "architectures": ["SwinForImageClassification"], "model_type": "swin", "num_channels": 3, "qkv_bias": True, "hidden_act": "gelu",
    "layer_norm_eps": EPSILON, "use_absolute_embeddings": False, "id2label": {str(i): f"class {i}" for i in range(5)}}

# The window divides the grid of the first stage (9), not that of the second (5), and the first grid is odd.
case("odd", 20, COMMON | {"image_size": 18, "patch_size": 2, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4], "window_size": 3, "mlp_ratio": 2.0})
# Padding in the first stage, a window as large as the grid in the last, three stages.
case("padded", 21, COMMON | {"image_size": 40, "patch_size": 4, "embed_dim": 6, "depths": [2, 1, 2], "num_heads": [1, 2, 3], "window_size": 3, "mlp_ratio": 1.5})
