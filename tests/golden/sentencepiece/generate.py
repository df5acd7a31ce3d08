"""Trains tiny SentencePiece models and writes cases.json: the models (Base64), texts, ids and decoded texts.

Run: python3 generate.py cases.json [with the default nmt_nfkc rules as well: --large]   (made with sentencepiece 0.1.97; training is deterministic)
"""
import base64
import io
import json
import os
import sys
import tempfile

import sentencepiece as spm

CORPUS = ("the quick brown fox jumps over the lazy dog . hello world , hello there . she sells sea shells by the sea shore . the rain in spain stays mainly "
          "in the plain . Über allen Gipfeln ist Ruh . naïve café crème . 日本語 の テキスト 日本 東京 日本 語 . привет мир , привет там . peter piper picked a peck of pickled peppers . "
          "how much wood would a woodchuck chuck if a woodchuck could chuck wood . numbers 1 2 3 12 123 1234 . it 's a test of the tokenizer , isn't it ?").split(" . ") * 8
TEXTS = ["hello world", "  hello   world  ", "Hello, World!", "日本語のテキスト", "привет мир", "naïve café", "unknown ☃ snowman 🙂🙂 end", "<sep>hello<sep> a<sep>", "tab\tand\nnewline", "ﬁne ½ e\u0301 a\u3000b\u00a0c",
         "", " ", "   ", "x", "▁▁ hello▁world", "<s> not special </s>", "isn't it 's 1234", "ZZZ qqq", "\u200b\u0000zero", "the the  the   the", "hello\u2581", "😀a😀", "Über", "woodchuckwoodchuck"]
RULES = {"ﬁ": "fi", "½": "1/2", "e\u0301": "é", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\u200b": "", "Z": "z", "Über": "Ueber"}

VARIANTS = {
    "unigram": dict(model_type="unigram", vocab_size=180, byte_fallback=False, rules=True),
    "unigram bytes": dict(model_type="unigram", vocab_size=420, byte_fallback=True, rules=True, user_defined_symbols=["<sep>", "▁▁"]),
    "unigram suffix": dict(model_type="unigram", vocab_size=180, treat_whitespace_as_suffix=True, rules=False),
    "unigram raw": dict(model_type="unigram", vocab_size=180, rules=False, add_dummy_prefix=False, remove_extra_whitespaces=False),
    "bpe": dict(model_type="bpe", vocab_size=180, rules=True),
    "bpe bytes": dict(model_type="bpe", vocab_size=420, byte_fallback=True, rules=False, remove_extra_whitespaces=False, user_defined_symbols=["<sep>", "▁▁", "ello"]),
    "bpe raw": dict(model_type="bpe", vocab_size=180, rules=False, add_dummy_prefix=False, remove_extra_whitespaces=False, pad_id=3),
}


def train(rules, **options):
    with tempfile.TemporaryDirectory() as folder:
        if rules:
            path = os.path.join(folder, "rules.tsv")
            with open(path, "w", encoding="utf-8") as f:
                for k, v in RULES.items():
                    f.write(" ".join("%X" % ord(c) for c in k) + "\t" + " ".join("%X" % ord(c) for c in v) + "\n")
            options["normalization_rule_tsv"] = path
        elif "normalization_rule_name" not in options:
            options["normalization_rule_name"] = "identity"
        out = io.BytesIO()
        spm.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_writer=out, hard_vocab_limit=False, num_threads=1, minloglevel=2, character_coverage=0.98, **options)
        return out.getvalue()


def main():
    variants = dict(VARIANTS)
    if "--large" in sys.argv:
        for kind in ["unigram", "bpe"]:
            variants[kind + " nmt_nfkc"] = dict(model_type=kind, vocab_size=180, rules=False, normalization_rule_name="nmt_nfkc")
            variants[kind + " nfkc_cf"] = dict(model_type=kind, vocab_size=180, rules=False, normalization_rule_name="nfkc_cf")
    cases = []
    for name, options in variants.items():
        model = train(**options)
        processor = spm.SentencePieceProcessor(model_proto=model)
        ids = [processor.encode(t) for t in TEXTS]
        cases.append({"name": name, "model": base64.b64encode(model).decode(), "ids": ids, "decoded": [processor.decode(i) for i in ids]})
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        text = json.dumps({"made_with": "sentencepiece " + spm.__version__, "texts": TEXTS, "cases": cases}, ensure_ascii=False)
        f.write(text.replace(', "ids"', ',\n "ids"').replace('}, {"name"', '},\n{"name"') + "\n")


main()
