"""What the golden generators share: random tensors, a safetensors writer, and the plain functions of vision transformers in float64."""

import json
import math
import struct

import numpy as np

erf = np.vectorize(math.erf)


def write_safetensors(path, tensors):
    """Writes float32 tensors, sorted by name, so that the same values give the same bytes."""
    header, data = {}, b""
    for name in sorted(tensors):
        raw = np.ascontiguousarray(tensors[name], dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(np.shape(tensors[name])), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def keys(x, a):
    x = abs(x)
    if x < 1:
        return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1
    return a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a if x < 2 else 0.0


def resample(values, to, antialias):
    """Bicubic interpolation of the first axis, point by point, as torch defines it (align_corners=False)."""
    size = len(values)
    out = np.zeros((to,) + values.shape[1:])
    for i in range(to):
        if antialias:
            stretch = max(size / to, 1.0)
            centre = (i + 0.5) * size / to
            # all places whose centre is within two stretched steps
            near = [(k, keys((k + 0.5 - centre) / stretch, -0.5)) for k in range(size) if abs(k + 0.5 - centre) < 2 * stretch]
            total = sum(weight for _, weight in near)
            out[i] = sum(weight / total * values[k] for k, weight in near)
        else:
            place = (i + 0.5) * size / to - 0.5
            for k in range(math.floor(place) - 1, math.floor(place) + 3):
                out[i] += keys(place - k, -0.75) * values[min(max(k, 0), size - 1)]
    return out


class Weights:
    """Random parameters: each is drawn, rounded to float32 and remembered under its name.

    bump (name, element, amount): this element is used with the amount added.
    """

    def __init__(self, seed, bump=(None, 0, 0.0)):
        self.random = np.random.default_rng(seed)
        self.bump = bump
        self.tensors = {}

    def draw(self, name, *shape, mean=0.0, deviation=0.3):
        value = (mean + deviation * self.random.standard_normal(shape)).astype("f4")
        self.tensors[name] = value
        used = value.astype("f8")
        if name == self.bump[0]:
            used.flat[self.bump[1]] += self.bump[2]
        return used

    def linear(self, name, out, inp, bias=True):
        w = self.draw(name + ".weight", out, inp, deviation=1.5 / math.sqrt(inp))
        return w, self.draw(name + ".bias", out) if bias else np.zeros(out)

    def norm(self, name, width):
        return self.draw(name + ".weight", width, mean=1.0), self.draw(name + ".bias", width)


def apply(linear, x):
    return x @ linear[0].T + linear[1]


def layer_norm(norm, x, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + epsilon) * norm[0] + norm[1]


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def patches(weights, name, pixels, width, patch):
    """A convolution whose stride is its size: [batch, rows, columns, width]."""
    batch, channels, height, across = pixels.shape
    kernel = weights.draw(name + ".weight", width, channels, patch, patch)
    bias = weights.draw(name + ".bias", width)
    out = np.empty((batch, height // patch, across // patch, width))
    for y in range(height // patch):
        for x in range(across // patch):
            tile = pixels[:, :, y * patch:(y + 1) * patch, x * patch:(x + 1) * patch]
            out[:, y, x] = np.einsum("bcij,ocij->bo", tile, kernel) + bias
    return out


def attention(q, k, v, heads, bias=0.0):
    """q, k, v [tokens, width]; bias [heads, tokens, tokens] is added to the scores."""
    tokens, width = q.shape
    dim = width // heads
    out = np.empty_like(q)
    for h in range(heads):
        part = slice(h * dim, (h + 1) * dim)
        scores = q[:, part] @ k[:, part].T / math.sqrt(dim)
        out[:, part] = softmax(scores + (bias[h] if np.ndim(bias) else 0.0)) @ v[:, part]
    return out


def cross_entropy(logits, labels):
    shifted = logits - logits.max(-1, keepdims=True)
    return float(np.mean([np.log(np.exp(row).sum()) - row[label] for row, label in zip(shifted, labels)]))


def gradients(run, tensors, labels=(3, 1), step=1e-5, elements=3):
    """Central differences of the mean cross-entropy, at a few elements of every parameter: {"grad.<name>": [elements]}.

    run(bump) gives the logits; element j of n is number (2 j + 1) size / (2 n), rounded down.
    """
    result = {}
    for name, tensor in tensors.items():
        places = [(2 * j + 1) * tensor.size // (2 * elements) for j in range(elements)]
        result["grad." + name] = [
            (cross_entropy(run((name, p, step)), labels) - cross_entropy(run((name, p, -step)), labels)) / (2 * step) for p in places]
    return result
