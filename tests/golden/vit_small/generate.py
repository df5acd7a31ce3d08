"""Golden values for vision transformers: post-norm (torch.nn.TransformerEncoder), plain pre-norm (the first vit-pytorch), and ViT variants.

Independent float64 implementations, written from the definition of torch.nn.TransformerEncoderLayer(norm_first=False), of the first
vit-pytorch, and of ViT and DeiT. All have two or three colour channels, so that the order of patch elements matters.
Run: python3 tests/golden/vit_small/generate.py   (numpy 2.4; seed 40)
"""

import json
import math
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from tiny import Weights, apply, attention, gelu, gradients, layer_norm, patches, resample, write_safetensors  # noqa: E402

EPSILON = 1e-5


def postnorm(config, seed, pixels, bump=(None, 0, 0.0)):
    w = Weights(seed, bump)
    width, heads = config["hidden_size"], config["num_attention_heads"]
    x = patches(w, "patch_embed.proj", pixels.astype("f8"), width, config["patch_size"]).reshape(2, -1, width)
    cls = w.draw("cls_token", 1, 1, width)
    x = np.concatenate([np.repeat(cls, 2, 0), x], 1)
    x = x + w.draw("pos_embed", 1, x.shape[1], width)
    for i in range(config["num_hidden_layers"]):
        at = f"transformer.layers.{i}."
        qkv = w.draw(at + "self_attn.in_proj_weight", 3 * width, width, deviation=0.5), w.draw(at + "self_attn.in_proj_bias", 3 * width)
        out = w.linear(at + "self_attn.out_proj", width, width)
        fc1, fc2 = w.linear(at + "linear1", config["intermediate_size"], width), w.linear(at + "linear2", width, config["intermediate_size"])
        n1, n2 = w.norm(at + "norm1", width), w.norm(at + "norm2", width)
        for image in range(2):
            q, k, v = np.split(apply(qkv, x[image]), 3, axis=-1)
            x[image] = layer_norm(n1, x[image] + apply(out, attention(q, k, v, heads)), EPSILON)
            x[image] = layer_norm(n2, x[image] + apply(fc2, np.maximum(apply(fc1, x[image]), 0)), EPSILON)
    return apply(w.linear("mlp_head.1", 5, width), layer_norm(w.norm("mlp_head.0", width), x[:, 0], EPSILON)), w.tensors


def plain(config, seed, pixels, bump=(None, 0, 0.0)):
    w = Weights(seed, bump)
    width, heads, patch = config["hidden_size"], config["num_attention_heads"], config["patch_size"]
    side, channels = config["image_size"] // patch, config["num_channels"]
    embed = w.linear("patch_to_embedding", width, patch * patch * channels)
    rows = []
    for y in range(side):
        for x in range(side):
            tile = pixels[:, :, y * patch:(y + 1) * patch, x * patch:(x + 1) * patch].astype("f8")
            rows.append(apply(embed, tile.transpose(0, 2, 3, 1).reshape(2, -1)))
    x = np.concatenate([np.repeat(w.draw("cls_token", 1, 1, width), 2, 0), np.stack(rows, 1)], 1)
    x = x + w.draw("pos_embedding", 1, x.shape[1], width)
    # attention() divides by the root of the head's width; the query is scaled so that the factor is the configured one
    factor = config["attention_scale"] * math.sqrt(width / heads)
    for i in range(config["num_hidden_layers"]):
        at = f"transformer.layers.{i}."
        n1 = w.norm(at + "0.fn.norm", width)
        qkv = w.linear(at + "0.fn.fn.to_qkv", 3 * width, width, bias=False)
        out = w.linear(at + "0.fn.fn.to_out", width, width)
        n2 = w.norm(at + "1.fn.norm", width)
        fc1, fc2 = w.linear(at + "1.fn.fn.net.0", config["intermediate_size"], width), w.linear(at + "1.fn.fn.net.2", width, config["intermediate_size"])
        for image in range(2):
            q, k, v = np.split(apply(qkv, layer_norm(n1, x[image], EPSILON)), 3, axis=-1)
            x[image] += apply(out, attention(q * factor, k, v, heads))
            x[image] += apply(fc2, gelu(apply(fc1, layer_norm(n2, x[image], EPSILON))))
    first = w.linear("mlp_head.0", config["intermediate_size"], width)
    return apply(w.linear("mlp_head.2", 5, config["intermediate_size"]), gelu(apply(first, x[:, 0]))), w.tensors


def vit(config, seed, pixels, bump=(None, 0, 0.0)):
    w = Weights(seed, bump)
    width, heads = config["hidden_size"], config["num_attention_heads"]
    prefix = "deit." if config["model_type"] == "deit" else "vit."
    x = patches(w, prefix + "embeddings.patch_embeddings.projection", pixels.astype("f8"), width, config["patch_size"])
    down, across = x.shape[1:3]
    special = [w.draw(prefix + "embeddings.cls_token", 1, 1, width)] if config.get("use_cls_token", True) else []
    if config["model_type"] == "deit":
        special.append(w.draw(prefix + "embeddings.distillation_token", 1, 1, width))
    count, grid = len(special), config["image_size"] // config["patch_size"]
    positions = w.draw(prefix + "embeddings.position_embeddings", 1, count + grid * grid, width, deviation=1.0)[0]
    table = positions[count:].reshape(grid, grid, width)
    if (down, across) != (grid, grid):
        table = resample(resample(table, down, False).transpose(1, 0, 2), across, False).transpose(1, 0, 2)
    x = np.concatenate([np.repeat(s, 2, 0) + positions[i] for i, s in enumerate(special)] + [(x + table).reshape(2, -1, width)], 1)
    for i in range(config["num_hidden_layers"]):
        at = f"{prefix}encoder.layer.{i}."
        n1 = w.norm(at + "layernorm_before", width)
        q, k, v = (w.linear(at + "attention.attention." + n, width, width) for n in ("query", "key", "value"))
        out = w.linear(at + "attention.output.dense", width, width)
        n2 = w.norm(at + "layernorm_after", width)
        fc1, fc2 = w.linear(at + "intermediate.dense", config["intermediate_size"], width), w.linear(at + "output.dense", width, config["intermediate_size"])
        for image in range(2):
            h = layer_norm(n1, x[image], EPSILON)
            x[image] += apply(out, attention(apply(q, h), apply(k, h), apply(v, h), heads))
            x[image] += apply(fc2, gelu(apply(fc1, layer_norm(n2, x[image], EPSILON))))
    x = layer_norm(w.norm(prefix + "layernorm", width), x, EPSILON)
    feature = x[:, count:].mean(1) if config.get("use_mean_pooling", not special) else x[:, 0]
    return apply(w.linear("classifier", 5, width), feature), w.tensors


def case(folder, seed, config, model, side=None):
    side = side or config["image_size"]
    pixels = np.random.default_rng(seed + 100).standard_normal((2, config["num_channels"], side, side)).astype("f4")
    logits, tensors = model(config, seed, pixels)
    expected = {"pixels": pixels, "logits": logits} | gradients(lambda bump: model(config, seed, pixels, bump)[0], tensors)
    path = os.path.join(HERE, folder)
    os.makedirs(path, exist_ok=True)
    write_safetensors(os.path.join(path, "model.safetensors"), tensors)
    write_safetensors(os.path.join(path, "expected.safetensors"), expected)
    with open(os.path.join(path, "config.json"), "w") as f:
        json.dump(config, f, indent=1)
        f.write("\n")


COMMON = {"image_size": 12, "patch_size": 4, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 20,
          "layer_norm_eps": EPSILON, "num_labels": 5}
case("postnorm", 40, COMMON | {"model_type": "vit_postnorm_cifar", "num_channels": 3, "hidden_act": "relu", "norm_first": False}, postnorm)
case("plain", 41, COMMON | {"model_type": "vit_mnist", "num_channels": 2, "attention_scale": 0.3, "qkv_bias": False, "hidden_act": "gelu"}, plain)

VIT = COMMON | {"hidden_act": "gelu", "num_channels": 3}
VIT = {key: value for key, value in VIT.items() if key != "num_labels"} | {"id2label": {str(i): f"class {i}" for i in range(5)}}
case("pooled", 42, VIT | {"architectures": ["ViTForImageClassification"], "model_type": "vit", "use_cls_token": False}, vit)
mean = {"use_mean_pooling": True, "interpolate_pos_encoding": True}
case("pooled_beside_class_token", 43, VIT | {"architectures": ["ViTForImageClassification"], "model_type": "vit"} | mean, vit, side=20)
case("resized_deit", 44, VIT | {"architectures": ["DeiTForImageClassification"], "model_type": "deit", "interpolate_pos_encoding": True}, vit, side=8)
