"""Quantized layers as other programs store them, with the weights that they stand for: packing.safetensors.

Packing follows the loops of the programs that write these files: AutoGPTQ (QuantLinear.pack), AutoAWQ (WQLinear_GEMM.from_linear),
compressed-tensors (int-quantized, float-quantized) and DeepSeek's FP8 (weight_scale_inv). Nothing here knows Nibble. For a layer x the
tensors of the format and x.expected, F32 [out, in]. Run with Python 3.11 and numpy 2.4: python3 packing.py
"""
import json
import pathlib
import struct

import numpy as np

OUT, IN, G = 32, 64, 32
F = np.float32
rng = np.random.default_rng(7)
tensors = {}


def scales(groups):
    return (rng.uniform(0.002, 0.02, (groups, OUT)) * rng.choice([-1, 1], (groups, OUT))).astype(np.float16)


def expected(codes, zeros, scale, group_of):  # codes [in, out], zeros and scale [groups, out]
    return np.stack([scale[g].astype(F) * (codes[k].astype(F) - zeros[g].astype(F)) for k, g in enumerate(group_of)]).T.copy()


def pack_rows(values, bits):  # AutoGPTQ, qweight: [in, out] to [in bits / 32, out]
    values = values.astype(np.uint32)
    packed = np.zeros((values.shape[0] * bits // 32, values.shape[1]), np.uint32)
    i = row = 0
    while row < packed.shape[0]:
        if bits in (2, 4, 8):
            for j in range(i, i + 32 // bits):
                packed[row] |= values[j] << np.uint32(bits * (j - i))
            i += 32 // bits
            row += 1
        else:
            for j in range(i, i + 10):
                packed[row] |= values[j] << np.uint32(3 * (j - i))
            i += 10
            packed[row] |= values[i] << np.uint32(30)
            row += 1
            packed[row] |= (values[i] >> np.uint32(2)) & np.uint32(1)
            i += 1
            for j in range(i, i + 10):
                packed[row] |= values[j] << np.uint32(3 * (j - i) + 1)
            i += 10
            packed[row] |= values[i] << np.uint32(31)
            row += 1
            packed[row] |= (values[i] >> np.uint32(1)) & np.uint32(3)
            i += 1
            for j in range(i, i + 10):
                packed[row] |= values[j] << np.uint32(3 * (j - i) + 2)
            i += 10
            row += 1
    return packed


def gptq(name, bits, symmetric, version, order):
    top, groups = 2**bits - 1, IN // G
    codes = rng.integers(0, top + 1, (IN, OUT))
    zeros = np.full((groups, OUT), 2 ** (bits - 1)) if symmetric else rng.integers(1 if version == 1 else 0, top + 1, (groups, OUT))
    scale = scales(groups)
    group_of = np.arange(IN) // G
    if order:
        group_of = rng.permutation(group_of)
    stored = zeros - 1 if version == 1 else zeros
    tensors[name + ".qweight"] = pack_rows(codes, bits).view(np.int32)
    tensors[name + ".qzeros"] = pack_rows(stored.T, bits).T.copy().view(np.int32)
    tensors[name + ".scales"] = scale
    tensors[name + ".g_idx"] = group_of.astype(np.int32)
    tensors[name + ".expected"] = expected(codes, zeros, scale, group_of)


for b in (2, 3, 4, 8):
    for sym in (True, False):
        for v in (1, 2):
            gptq(f"gptq{b}{'sym' if sym else 'asym'}v{v}", b, sym, v, False)
    gptq(f"gptq{b}order", b, False, 1, True)

# Zero points of 0 in the first version, as GPTQModel writes them: ones are taken from the whole word of the second version.
gptq("gptq4wrap", 4, False, 2, False)
words = tensors["gptq4wrap.qzeros"].view(np.uint32)
nibbles = [(words >> np.uint32(4 * p)) & np.uint32(15) for p in range(8)]
assert any((n == 0).any() for n in nibbles)
tensors["gptq4wrap.qzeros"] = (words - np.uint32(0x11111111)).view(np.int32)


def awq_pack(values):  # [rows, out] to [rows, out / 8]
    order_map = [0, 2, 4, 6, 1, 3, 5, 7]
    values = values.astype(np.uint32)
    packed = np.zeros((values.shape[0], values.shape[1] // 8), np.uint32)
    for column in range(packed.shape[1]):
        for i in range(8):
            packed[:, column] |= values[:, column * 8 + order_map[i]] << np.uint32(i * 4)
    return packed.view(np.int32)


codes, zeros, scale = rng.integers(0, 16, (IN, OUT)), rng.integers(0, 16, (IN // G, OUT)), scales(IN // G)
tensors["awq.qweight"], tensors["awq.qzeros"], tensors["awq.scales"] = awq_pack(codes), awq_pack(zeros), scale
tensors["awq.expected"] = expected(codes, zeros, scale, np.arange(IN) // G)

codes, scale = rng.integers(-128, 128, (OUT, IN)).astype(np.int8), scales(1).T.copy()
tensors["int8channel.weight"], tensors["int8channel.weight_scale"] = codes, scale
tensors["int8channel.expected"] = scale.astype(F) * codes.astype(F)
tensors["int8tensor.weight"], tensors["int8tensor.weight_scale"] = codes, scale[:1, 0].copy()
tensors["int8tensor.expected"] = scale[0, 0].astype(F) * codes.astype(F)
zeros = rng.integers(-128, 128, (OUT, 1)).astype(np.int8)
tensors["int8asym.weight"], tensors["int8asym.weight_scale"], tensors["int8asym.weight_zero_point"] = codes, scale, zeros
tensors["int8asym.expected"] = scale.astype(F) * (codes.astype(F) - zeros.astype(F))


def e4m3(byte):  # sign, 4 bits of exponent with bias 7, 3 bits of fraction
    sign, exponent, fraction = -1 if byte & 128 else 1, byte >> 3 & 15, byte & 7
    return F(sign * (fraction / 8 * 2.0**-6 if exponent == 0 else (1 + fraction / 8) * 2.0 ** (exponent - 7)))


raw = rng.integers(0, 256, (OUT, IN)).astype(np.uint8)
raw[(raw & 127) == 127] = 0  # no NaN
values = np.vectorize(e4m3, otypes=[F])(raw)
channel = rng.uniform(0.001, 0.01, (OUT, 1)).astype(F)
tensors["fp8channel.weight"], tensors["fp8channel.weight_scale"] = raw, channel
tensors["fp8channel.expected"] = values * channel
tensors["fp8tensor.weight"], tensors["fp8tensor.weight_scale"] = raw, channel[:1, 0].copy()
tensors["fp8tensor.expected"] = values * channel[0, 0]
blocks = rng.uniform(0.001, 0.01, (-(-OUT // 24), -(-IN // 48))).astype(F)
tensors["fp8blocks.weight"], tensors["fp8blocks.weight_scale_inv"] = raw, blocks
tensors["fp8blocks.expected"] = values * np.repeat(np.repeat(blocks, 24, 0)[:OUT], 48, 1)[:, :IN]

NAMES = {"int32": "I32", "float16": "F16", "float32": "F32", "int8": "I8", "uint8": "F8_E4M3"}
header, data = {}, b""
for name in sorted(tensors):
    raw = np.ascontiguousarray(tensors[name])
    header[name] = {"dtype": NAMES[raw.dtype.name], "shape": list(raw.shape), "data_offsets": [len(data), len(data) + raw.nbytes]}
    data += raw.tobytes()
text = json.dumps(header, separators=(",", ":")).encode()
pathlib.Path(__file__).with_name("packing.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
