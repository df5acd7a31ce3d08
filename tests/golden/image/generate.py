"""Writes the golden values of image preprocessing: cases.json and cases.safetensors beside this file.

What CLIPImageProcessor, SiglipImageProcessor and BitImageProcessor of transformers make of two pictures, from their published rules: Pillow's
resampling (two passes, 8 bits after each, weights of 22 fraction bits) as products with matrices, centre crop with the margin rounded down, rescaling
and normalising in float64. Pictures are NumPy PCG64 noise on waves. Only every STEP-th row and column of a result is kept.
Run: python3 generate.py            (made with Python 3.11, NumPy 2.4)
"""
import json
import math
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.dont_write_bytecode = True
from tiny import write_safetensors  # noqa: E402

SEED = 20261128
CLIP = dict(size={"shortest_edge": 224}, crop=(224, 224), mean=[0.48145466, 0.4578275, 0.40821073], std=[0.26862954, 0.26130258, 0.27577711])
SIGLIP = dict(size={"height": 224, "width": 224}, crop=None, mean=[0.5] * 3, std=[0.5] * 3)

# name, picture, step, preprocessor_config.json, and what it means with the defaults of its class filled in
CASES = [
    ("clip-defaults", "wide", 9, {"image_processor_type": "CLIPImageProcessor"}, CLIP),
    ("clip-defaults-upright", "upright", 9, {"image_processor_type": "CLIPImageProcessor"}, CLIP),
    ("siglip-defaults", "wide", 9, {"image_processor_type": "SiglipImageProcessor"}, SIGLIP),
    ("bit-defaults", "upright", 9, {"image_processor_type": "BitImageProcessor"}, CLIP),
    ("clip-small", "wide", 1, {"image_processor_type": "CLIPImageProcessor", "size": 24, "crop_size": 20},
     dict(CLIP, size={"shortest_edge": 24}, crop=(20, 20))),
    ("clip-padded", "upright", 1, {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 13}, "crop_size": {"height": 16, "width": 18}},
     dict(CLIP, size={"shortest_edge": 13}, crop=(16, 18))),
    ("siglip-small", "upright", 1, {"image_processor_type": "SiglipImageProcessor", "size": {"height": 12, "width": 17}, "image_std": [0.5, 0.25, 1.0]},
     dict(SIGLIP, size={"height": 12, "width": 17}, std=[0.5, 0.25, 1.0])),
    ("dinov2-small", "wide", 1, {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 19}, "crop_size": {"height": 14, "width": 14},
                                 "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "do_convert_rgb": True},
     dict(size={"shortest_edge": 19}, crop=(14, 14), mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])),
]


def picture(rng, height, width):
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 5.0 + c) * np.cos(y / 7.0 - c) for c in range(3)], axis=-1)
    return np.clip(127 + 110 * waves + rng.normal(0, 25, (height, width, 3)), 0, 255).round().astype(np.int64)


def cubic(t):
    t = abs(t)
    if t < 1:
        return 1.5 * t ** 3 - 2.5 * t ** 2 + 1
    return -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 if t < 2 else 0.0


def weights(size, to):
    """[to, size] integers: Pillow's bicubic weights in units of 2^-22."""
    matrix = np.zeros((to, size), dtype=np.int64)
    ratio = size / to
    stretch = max(ratio, 1.0)
    for i in range(to):
        centre = (i + 0.5) * ratio
        first = max(0, int(centre - 2 * stretch + 0.5))
        end = min(size, int(centre + 2 * stretch + 0.5))
        row = np.array([cubic((k + 0.5 - centre) / stretch) for k in range(first, end)])
        row = row / row.sum() * (1 << 22)
        matrix[i, first:end] = [math.floor(v + 0.5) if v >= 0 else -math.floor(-v + 0.5) for v in row]
    return matrix


def resize(image, height, width):
    for axis, to in ((1, width), (0, height)):
        if image.shape[axis] != to:
            sums = np.moveaxis(np.tensordot(weights(image.shape[axis], to), image, axes=(1, axis)), 0, axis)
            image = np.clip((sums + (1 << 21)) >> 22, 0, 255)
    return image


def crop(image, height, width):
    for axis, wanted in ((0, height), (1, width)):
        found = image.shape[axis]
        if found >= wanted:
            start = (found - wanted) // 2
            image = np.take(image, range(start, start + wanted), axis=axis)
        else:
            before = (wanted - found) // 2
            pad = [(0, 0)] * 3
            pad[axis] = (before, wanted - found - before)
            image = np.pad(image, pad)
    return image


def process(image, size, crop_to, mean, std):
    height, width = image.shape[:2]
    if "shortest_edge" in size:
        edge = size["shortest_edge"]
        longer = int(edge * max(height, width) / min(height, width))
        to = (edge, longer) if height <= width else (longer, edge)
    else:
        to = (size["height"], size["width"])
    image = resize(image, *to)
    if crop_to:
        image = crop(image, *crop_to)
    return np.moveaxis((image * (1 / 255) - np.array(mean)) / np.array(std), -1, 0)


def main():
    rng = np.random.Generator(np.random.PCG64(SEED))
    pictures = {"wide": picture(rng, 37, 62), "upright": picture(rng, 41, 30)}
    tensors = {f"picture.{name}": image for name, image in pictures.items()}
    cases = []
    for name, which, step, config, meaning in CASES:
        result = process(pictures[which], meaning["size"], meaning["crop"], meaning["mean"], meaning["std"])
        tensors[name] = result[:, ::step, ::step]
        cases.append({"name": name, "picture": which, "step": step, "shape": list(result.shape), "config": config})
    write_safetensors(os.path.join(HERE, "cases.safetensors"), tensors)
    with open(os.path.join(HERE, "cases.json"), "w") as f:
        json.dump({"cases": cases}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
