"""Golden values for DINOv2: tiny random checkpoints in the layout of Hugging Face, and logits of an independent float64 implementation.

Written from arXiv:2304.07193, arXiv:2309.16588 and the behaviour of Dinov2ForImageClassification and
Dinov2WithRegistersForImageClassification (transformers 4.5x). Positions are resampled point by point from the definition of bicubic
interpolation: a = -0.75 and repeated borders without antialiasing; a = -0.5, stretched and normalised, with it.
Run: python3 tests/golden/dinov2/generate.py   (numpy 2.4; seed 30)
"""

import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from tiny import Weights, apply, attention, gelu, gradients, layer_norm, patches, resample, write_safetensors  # noqa: E402

EPSILON = 1e-6


def model(config, seed):
    registers = config.get("num_register_tokens", 0)
    prefix = "dinov2_with_registers." if registers else "dinov2."
    width, heads = config["hidden_size"], config["num_attention_heads"]
    grid = config["image_size"] // config["patch_size"]

    def run(pixels, bump=(None, 0, 0.0)):
        w = Weights(seed, bump)
        e = prefix + "embeddings."
        x = patches(w, e + "patch_embeddings.projection", pixels.astype("f8"), width, config["patch_size"])
        down, across = x.shape[1:3]
        cls, mask = w.draw(e + "cls_token", 1, 1, width), w.draw(e + "mask_token", 1, width)
        assert mask is not None  # only in the file
        extra = w.draw(e + "register_tokens", 1, registers, width) if registers else np.zeros((1, 0, width))
        positions = w.draw(e + "position_embeddings", 1, 1 + grid * grid, width, deviation=1.0)
        table = positions[0, 1:].reshape(grid, grid, width)
        if (down, across) != (grid, grid):
            table = resample(table, down, bool(registers))
            table = resample(table.transpose(1, 0, 2), across, bool(registers)).transpose(1, 0, 2)
        x = (x + table).reshape(2, -1, width)
        first = np.repeat(cls + positions[:, :1], 2, 0)
        x = np.concatenate([first, np.repeat(extra, 2, 0), x], 1)
        for i in range(config["num_hidden_layers"]):
            at = f"{prefix}encoder.layer.{i}"
            n1 = w.norm(at + ".norm1", width)
            q, k, v = (w.linear(f"{at}.attention.attention.{n}", width, width, config["qkv_bias"]) for n in ("query", "key", "value"))
            out = w.linear(at + ".attention.output.dense", width, width)
            scale1 = w.draw(at + ".layer_scale1.lambda1", width, mean=0.5)
            n2 = w.norm(at + ".norm2", width)
            inner = int(width * config["mlp_ratio"])
            if config["use_swiglu_ffn"]:
                inner = -(-int(inner * 2 / 3) // 8) * 8
                fc1 = w.linear(at + ".mlp.weights_in", 2 * inner, width)
                fc2 = w.linear(at + ".mlp.weights_out", width, inner)
            else:
                fc1 = w.linear(at + ".mlp.fc1", inner, width)
                fc2 = w.linear(at + ".mlp.fc2", width, inner)
            scale2 = w.draw(at + ".layer_scale2.lambda1", width, mean=0.5)
            for image in range(2):
                h = layer_norm(n1, x[image], EPSILON)
                x[image] += scale1 * apply(out, attention(apply(q, h), apply(k, h), apply(v, h), heads))
                h = apply(fc1, layer_norm(n2, x[image], EPSILON))
                if config["use_swiglu_ffn"]:
                    h = h[:, :inner] / (1 + np.exp(-h[:, :inner])) * h[:, inner:]
                else:
                    h = gelu(h)
                x[image] += scale2 * apply(fc2, h)
        x = layer_norm(w.norm(prefix + "layernorm", width), x, EPSILON)
        feature = np.concatenate([x[:, 0], x[:, 1 + registers:].mean(1)], 1)
        return apply(w.linear("classifier", 5, 2 * width), feature), w.tensors

    return run


def case(folder, seed, config, sizes):
    random = np.random.default_rng(seed + 100)
    run = model(config, seed)
    expected = {}
    for height, width in sizes:
        pixels = random.standard_normal((2, 3, height, width)).astype("f4")
        logits, tensors = run(pixels)
        expected[f"pixels_{height}x{width}"] = pixels
        expected[f"logits_{height}x{width}"] = logits
    # of the last size, whose positions are resampled
    used = {name: tensor for name, tensor in tensors.items() if not name.endswith("mask_token")}
    expected |= gradients(lambda bump: run(pixels, bump)[0], used)
    path = os.path.join(HERE, folder)
    os.makedirs(path, exist_ok=True)
    write_safetensors(os.path.join(path, "model.safetensors"), tensors)
    write_safetensors(os.path.join(path, "expected.safetensors"), expected)
    with open(os.path.join(path, "config.json"), "w") as f:
        json.dump(config, f, indent=1)
        f.write("\n")


COMMON = {
    "num_channels": 3, "hidden_act": "gelu", "layer_norm_eps": EPSILON, "image_size": 15, "patch_size": 3, "hidden_size": 8,
    "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2, "id2label": {str(i): f"class {i}" for i in range(5)}}
PLAIN = {"architectures": ["Dinov2ForImageClassification"], "model_type": "dinov2"}
REGISTERS = {"architectures": ["Dinov2WithRegistersForImageClassification"], "model_type": "dinov2_with_registers", "num_register_tokens": 3}

case("plain", 30, COMMON | PLAIN | {"qkv_bias": True, "use_swiglu_ffn": False}, [(15, 15), (9, 9), (21, 12)])
case("gated", 31, COMMON | PLAIN | {"qkv_bias": False, "use_swiglu_ffn": True}, [(15, 15)])
case("registers", 32, COMMON | REGISTERS | {"qkv_bias": True, "use_swiglu_ffn": False}, [(15, 15), (9, 9), (18, 6)])
