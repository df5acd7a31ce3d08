"""Blocks of every quantized GGUF type with the values that they stand for: blocks.json.

Written from the struct definitions of ggml-common.h and the loops of dequantize_row_* in ggml-quants.c: a pointer walks over the bytes as it
does there, and every product and sum is rounded to float32. Nothing here knows Nibble. Run with Python 3.11 and numpy 2.4: python3 blocks.py
"""
import json
import pathlib
import struct

import numpy as np

F = np.float32
rng = np.random.default_rng(20240611)


def half(raw):
    return F(np.frombuffer(raw, "<f2")[0])


def q4_0(b):
    d, qs = half(b[:2]), b[2:]
    return [d * F((q & 15) - 8) for q in qs] + [d * F((q >> 4) - 8) for q in qs]


def q4_1(b):
    d, m, qs = half(b[:2]), half(b[2:4]), b[4:]
    return [F(d * F(q & 15)) + m for q in qs] + [F(d * F(q >> 4)) + m for q in qs]


def fifth(qh):
    h = struct.unpack("<I", qh)[0]
    return [((h >> j) << 4) & 16 for j in range(16)], [(h >> (j + 12)) & 16 for j in range(16)]


def q5_0(b):
    d, (h0, h1), qs = half(b[:2]), fifth(b[2:6]), b[6:]
    return [d * F(((q & 15) | h) - 16) for q, h in zip(qs, h0)] + [d * F(((q >> 4) | h) - 16) for q, h in zip(qs, h1)]


def q5_1(b):
    d, m, (h0, h1), qs = half(b[:2]), half(b[2:4]), fifth(b[4:8]), b[8:]
    return [F(d * F((q & 15) | h)) + m for q, h in zip(qs, h0)] + [F(d * F((q >> 4) | h)) + m for q, h in zip(qs, h1)]


def q8_0(b):
    d = half(b[:2])
    return [d * F(q) for q in np.frombuffer(b[2:], np.int8)]


def q2_k(b):
    scales, q, d, dmin = b[:16], b[16:80], half(b[80:82]), half(b[82:84])
    y, i = [], 0
    for n in (0, 128):
        shift = 0
        for _ in range(4):
            for part in (0, 16):
                sc = scales[i]
                i += 1
                dl, ml = F(d * F(sc & 15)), F(dmin * F(sc >> 4))
                y += [F(dl * F((q[l + part] >> shift) & 3)) - ml for l in range(16)]
            shift += 2
        q = q[32:]
    return y


def q3_k(b):
    hm, q, packed, d = b[:32], b[32:96], b[96:108], half(b[108:110])
    a = list(struct.unpack("<3I", packed)) + [0]
    k1, k2, tmp = 0x03030303, 0x0F0F0F0F, a[2]
    a[2] = ((a[0] >> 4) & k2) | (((tmp >> 4) & k1) << 4)
    a[3] = ((a[1] >> 4) & k2) | (((tmp >> 6) & k1) << 4)
    a[0] = (a[0] & k2) | (((tmp >> 0) & k1) << 4)
    a[1] = (a[1] & k2) | (((tmp >> 2) & k1) << 4)
    scales = np.frombuffer(struct.pack("<4I", *a), np.int8)
    y, i, m = [], 0, 1
    for n in (0, 128):
        shift = 0
        for _ in range(4):
            for part in (0, 16):
                dl = F(d * F(int(scales[i]) - 32))
                i += 1
                y += [dl * F(((q[l + part] >> shift) & 3) - (0 if hm[l + part] & m else 4)) for l in range(16)]
            shift += 2
            m <<= 1
        q = q[32:]
    return y


def scale_min(j, q):
    if j < 4:
        return q[j] & 63, q[j + 4] & 63
    return (q[j + 4] & 15) | ((q[j - 4] >> 6) << 4), (q[j + 4] >> 4) | ((q[j] >> 6) << 4)


def q4_k(b):
    d, dmin, scales, q = half(b[:2]), half(b[2:4]), b[4:16], b[16:]
    y = []
    for i in range(0, 8, 2):
        (s1, m1), (s2, m2) = scale_min(i, scales), scale_min(i + 1, scales)
        d1, n1, d2, n2 = F(d * F(s1)), F(dmin * F(m1)), F(d * F(s2)), F(dmin * F(m2))
        y += [F(d1 * F(q[l] & 15)) - n1 for l in range(32)] + [F(d2 * F(q[l] >> 4)) - n2 for l in range(32)]
        q = q[32:]
    return y


def q5_k(b):
    d, dmin, scales, qh, ql = half(b[:2]), half(b[2:4]), b[4:16], b[16:48], b[48:]
    y, u1, u2 = [], 1, 2
    for i in range(0, 8, 2):
        (s1, m1), (s2, m2) = scale_min(i, scales), scale_min(i + 1, scales)
        d1, n1, d2, n2 = F(d * F(s1)), F(dmin * F(m1)), F(d * F(s2)), F(dmin * F(m2))
        y += [F(d1 * F((ql[l] & 15) + (16 if qh[l] & u1 else 0))) - n1 for l in range(32)]
        y += [F(d2 * F((ql[l] >> 4) + (16 if qh[l] & u2 else 0))) - n2 for l in range(32)]
        ql, u1, u2 = ql[32:], u1 << 2, u2 << 2
    return y


def q6_k(b):
    ql, qh, sc, d = b[:128], b[128:192], np.frombuffer(b[192:208], np.int8), half(b[208:210])
    y = np.zeros(256, F)
    for n in range(2):
        for l in range(32):
            i = l // 16
            q = [
                ((ql[l] & 15) | (((qh[l] >> 0) & 3) << 4)) - 32,
                ((ql[l + 32] & 15) | (((qh[l] >> 2) & 3) << 4)) - 32,
                ((ql[l] >> 4) | (((qh[l] >> 4) & 3) << 4)) - 32,
                ((ql[l + 32] >> 4) | (((qh[l] >> 6) & 3) << 4)) - 32,
            ]
            for k in range(4):
                y[128 * n + 32 * k + l] = F(d * F(sc[i + 2 * k])) * F(q[k])
        ql, qh, sc = ql[64:], qh[32:], sc[8:]
    return list(y)


# name: function, bytes of a block, where its halves are
TYPES = {
    "Q4_0": (q4_0, 18, [0]),
    "Q4_1": (q4_1, 20, [0, 2]),
    "Q5_0": (q5_0, 22, [0]),
    "Q5_1": (q5_1, 24, [0, 2]),
    "Q8_0": (q8_0, 34, [0]),
    "Q2_K": (q2_k, 84, [80, 82]),
    "Q3_K": (q3_k, 110, [108]),
    "Q4_K": (q4_k, 144, [0, 2]),
    "Q5_K": (q5_k, 176, [0, 2]),
    "Q6_K": (q6_k, 210, [208]),
}


def block(size, halves):
    raw = bytearray(rng.integers(0, 256, size, dtype=np.uint8).tobytes())
    for at in halves:
        raw[at : at + 2] = np.float16(rng.normal() * 0.02).tobytes()
    return bytes(raw)


golden = {}
for name, (function, size, halves) in TYPES.items():
    blocks = [block(size, halves) for _ in range(3)]
    values = np.concatenate([np.array(function(b), F) for b in blocks])
    golden[name] = {"blocks": b"".join(blocks).hex(), "values": values.astype("<f4").tobytes().hex()}
pathlib.Path(__file__).with_name("blocks.json").write_text(json.dumps(golden, indent=1) + "\n")
