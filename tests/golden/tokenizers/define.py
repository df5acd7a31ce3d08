"""Writes definitions.json: small tokenizers, one for each component, and texts. Reference.java adds what the Rust library makes of them.

Run: python3 define.py /tmp/definitions.json   then   java -cp 'DJL jars' Reference.java /tmp/definitions.json cases.json
(DJL: ai.djl.huggingface:tokenizers:0.33.0 from Maven Central, which carries the library 'tokenizers' of Hugging Face, 0.21)
"""
import base64
import json
import struct
import sys

TEXTS = ["Hello, World! It's 12:30pm.", "  two  spaces\tand\nlines \r\n", "Zoë naïve ÀÉ e\u0301a\u0308 ﬁ ½ Ⅷ ①", "日本語テキスト and 中文。", "🙂👍🏽 x👨‍👩‍👧", "İstanbul ıI ßẞ ΣΑΣ",
         "a\u00a0b\u3000c\u0085d\u200be\ufefff\u2028g", "\u0001ctl\u007f\u00adsoft\u200d\ufffd", "x_y-z 3.14 1,000 ٣٤ ²", "\u1112\u1161\u11ab한 \uff76\uff9e ㅎㅏ", "don't we'll I'VE 'sup", "", " ", "q\u0323\u0307 q\u0307\u0323",
         "snake_case++ {}[]<>|^`~ $5 €9", "อักษรไทย हिन्दी العربية"]

UNK = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]]}


def steps(normalizer=None, pre=None):
    return {"normalizer": normalizer, "pre_tokenizer": pre}


def T(type_, **kw):
    return {"type": type_, **kw}


def seq(*n):
    return T("Sequence", normalizers=list(n))


def preseq(*n):
    return T("Sequence", pretokenizers=list(n))


def split(behavior, pattern, invert=False):
    return T("Split", pattern=pattern, behavior=behavior, invert=invert)


def darts(entries):
    """A double-array trie in the layout of darts-clone, and the replacements: small and simple, not compact."""
    blob = b"".join(v.encode() + b"\0" for v in dict.fromkeys(entries.values()))
    where = {v: blob.index(b"\0" + v.encode() + b"\0") + 1 if blob[:len(v.encode()) + 1] != v.encode() + b"\0" else 0 for v in entries.values()}
    trie = {}
    for k, v in entries.items():
        node = trie
        for b in k.encode():
            node = node.setdefault(b, {})
        node[-1] = where[v]
    units, used = {0: 0}, {0}

    def place(pos, node):
        labels = sorted(x for x in node if x >= 0)
        base = 1
        while True:
            offset = pos ^ base
            spots = [base ^ l for l in labels] + ([base] if -1 in node else [])
            if offset < 1 << 21 and not any(s in used or s == 0 for s in spots):
                break
            base += 1
        used.update(spots)
        units[pos] |= (pos ^ base) << 10
        if -1 in node:
            units[pos] |= 1 << 8
            units[base] = node[-1] | 1 << 31
        for l in labels:
            units[base ^ l] = l
        for l in labels:
            place(base ^ l, node[l])

    place(0, trie)
    array = [units.get(i, 0) for i in range(max(units) + 256)]
    body = b"".join(struct.pack("<I", u) for u in array)
    return base64.b64encode(struct.pack("<I", len(body)) + body + blob).decode()


CHARSMAP = {"\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "ﬁ": "fi", "½": "1⁄2", "①": "1", "e\u0301": "é", "a\u0308": "ä", "İ": "I\u0307", "ß": "ss", "日本": "JP", "🙂": ":)", "\u00ad": "", "\u200b": " "}

PIECES = {
    "nfc": steps(T("NFC")), "nfd": steps(T("NFD")), "nfkc": steps(T("NFKC")), "nfkd": steps(T("NFKD")), "lowercase": steps(T("Lowercase")), "nmt": steps(T("Nmt")),
    "strip": steps(T("Strip", strip_left=True, strip_right=True)), "strip left": steps(T("Strip", strip_left=True, strip_right=False)), "strip right": steps(T("Strip", strip_left=False, strip_right=True)),
    "nfd strip accents": steps(seq(T("NFD"), T("StripAccents"))), "bert": steps(T("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)),
    "bert cased": steps(T("BertNormalizer", clean_text=True, handle_chinese_chars=False, strip_accents=None, lowercase=False)),
    "bert accents": steps(T("BertNormalizer", clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=True)),
    "prepend": steps(T("Prepend", prepend="▁")), "replace": steps(T("Replace", pattern={"String": " "}, content="▁")), "replace longer": steps(T("Replace", pattern={"String": "l"}, content="<l>")),
    "replace regex": steps(T("Replace", pattern={"Regex": "\\s+|\\d"}, content="_")), "replace drop": steps(T("Replace", pattern={"Regex": "[^\\p{L}]"}, content="")), "byte level": steps(T("ByteLevel")),
    "precompiled": steps(T("Precompiled", precompiled_charsmap=darts(CHARSMAP))),
    "llama": steps(seq(T("Prepend", prepend="▁"), T("Replace", pattern={"String": " "}, content="▁"))),
    "pre bert": steps(None, T("BertPreTokenizer")), "pre byte level": steps(None, T("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)),
    "pre byte level prefix": steps(None, T("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)), "pre byte level no regex": steps(None, T("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=False)),
    "metaspace": steps(None, T("Metaspace", replacement="▁", prepend_scheme="always", split=True)), "metaspace first": steps(None, T("Metaspace", replacement="▁", prepend_scheme="first", split=True)),
    "metaspace never": steps(None, T("Metaspace", replacement="▁", prepend_scheme="never", split=False)), "metaspace old": steps(None, T("Metaspace", replacement="▁", add_prefix_space=True)),
    "whitespace": steps(None, T("Whitespace")), "whitespace split": steps(None, T("WhitespaceSplit")), "punctuation": steps(None, T("Punctuation", behavior="Isolated")),
    "punctuation contiguous": steps(None, T("Punctuation", behavior="Contiguous")), "digits": steps(None, T("Digits", individual_digits=False)), "digits individual": steps(None, T("Digits", individual_digits=True)),
    "delimiter": steps(None, T("CharDelimiterSplit", delimiter="l")), "scripts": steps(None, T("UnicodeScripts")),
    "sequence": steps(T("NFKC"), preseq(T("WhitespaceSplit"), T("Punctuation", behavior="MergedWithPrevious"), T("Digits", individual_digits=True))),
    "cl100k": steps(None, split("Isolated", {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"})),
    "qwen2": steps(T("NFC"), preseq(split("Isolated", {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}), T("ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=False))),
    "o200k": steps(None, split("Isolated", {"Regex": "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"})),
    "clip": steps(seq(T("NFC"), T("Replace", pattern={"Regex": "\\s+"}, content=" "), T("Lowercase")), preseq(split("Removed", {"Regex": "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"}, True), T("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True))),
    "regex classes": steps(None, split("Isolated", {"Regex": "\\w+|\\h|[[:punct:]]|[^[:space:]]"})), "regex scripts": steps(None, split("Contiguous", {"Regex": "\\p{Han}|[\\p{Hiragana}\\p{Katakana}]|\\p{^Ascii}"})) if False else steps(None, split("Contiguous", {"Regex": "\\p{Han}|[\\p{Hiragana}\\p{Katakana}]"})),
    "regex lines": steps(None, split("Removed", {"Regex": "^.|.$"})), "regex dot": steps(None, split("Isolated", {"Regex": "(?m:a.b)|.{2}"})), "regex look": steps(None, split("Isolated", {"Regex": "(?<=\\s)\\S++|(?=\\d)"})),
}
for b in ["Removed", "Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"]:
    PIECES["split l " + b] = steps(None, split(b, {"String": "l"}))
    PIECES["split space inverted " + b] = steps(None, split(b, {"Regex": "\\s"}, True))


def added(id_, content, special=True, **kw):
    return {"id": id_, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special, **kw}


def tok(model, normalizer=None, pre=None, post=None, decoder=None, added_tokens=()):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added_tokens), "normalizer": normalizer, "pre_tokenizer": pre, "post_processor": post, "decoder": decoder, "model": model}


def bpe(vocab, merges, **kw):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, **kw,
            "vocab": {t: i for i, t in enumerate(vocab)}, "merges": merges}


def alphabet():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs = bs[:]
    n = 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return [chr(c) for _, c in sorted(zip(bs, cs))]


AB = alphabet()
GPT_MERGES = [["h", "e"], ["l", "l"], ["he", "ll"], ["Ġ", "w"], ["o", "r"], ["l", "d"], ["Ġw", "or"], ["Ġwor", "ld"], ["Ã", "«"], ["Z", "o"], ["Zo", "Ã«"], ["'", "s"], ["Ġ", "Ġ"]]
GPT_VOCAB = AB + ["".join(m) for m in GPT_MERGES] + ["<|end|>", "<mask>"]
WP = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s", "zo", "##e", "it", "'", "12", ":", "30", "##pm", "!", ",", ".", "a", "##a", "日", "本", "語", "naive", "x", "_", "##y"]
SPM = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)] + ["▁", "h", "e", "l", "o", "w", "r", "d", "▁h", "he", "ll", "hell", "▁w", "or", "ld", "▁wor", "▁world", "▁hell", "▁hello", "日", "é", "▁▁"]
SPM_MERGES = ["▁ h", "h e", "l l", "he ll", "▁ w", "o r", "l d", "▁w or", "▁wor ld", "▁h e", "▁ hell", "▁hell o", "▁ ▁"]
SPM_MERGES = [m for m in SPM_MERGES if m.replace(" ", "") in SPM]
UNI = [["<unk>", 0.0], ["<s>", 0.0], ["▁", -2.5], ["h", -4.0], ["e", -4.1], ["l", -4.2], ["o", -4.3], ["he", -5.0], ["ll", -5.5], ["hello", -7.0], ["▁hello", -6.5], ["▁world", -6.0], ["wor", -6.1], ["ld", -6.2], ["w", -5.1], ["r", -5.2], ["d", -5.3],
       ["日本", -5.0], ["日", -6.0], ["本", -6.0], ["語", -6.5], ["é", -7.1], ["hel", -6.0], ["lo", -5.9]]
WORDS = ["hello world", "Hello World's, Zoë!", "  hello   worlds ", "日本語 é 🙂 hello", "<s>hello</s> world<mask>!", "It 's 12:30pm naïve x_y", "", "hello<|end|> world", "helloHELLO <mask>  end", "a  <MASK> b", "hell hellworld helloworld \n\n x", "[CLS] hello [MASK]world", "yesterday Yesterday day"]
BERT_POST = T("TemplateProcessing", single=[{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
              pair=[{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
              special_tokens={"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}})
WP_ADDED = [added(i, WP[i]) for i in range(5)]
WPM = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 12, "vocab": {t: i for i, t in enumerate(WP)}}
BN = T("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
BL = T("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
BLP = T("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)
SPM_DEC = T("Sequence", decoders=[T("Replace", pattern={"String": "▁"}, content=" "), T("ByteFallback"), T("Fuse"), T("Strip", content=" ", start=1, stop=0)])
LL = seq(T("Prepend", prepend="▁"), T("Replace", pattern={"String": " "}, content="▁"))
MS = T("Metaspace", replacement="▁", prepend_scheme="always", split=True)

FULL = {
    "wordpiece": tok(WPM, BN, T("BertPreTokenizer"), BERT_POST, T("WordPiece", prefix="##", cleanup=True), WP_ADDED),
    "wordpiece bert processing": tok(WPM, BN, T("BertPreTokenizer"), T("BertProcessing", sep=["[SEP]", 3], cls=["[CLS]", 2]), T("WordPiece", prefix="##", cleanup=False), WP_ADDED),
    "byte bpe": tok(bpe(GPT_VOCAB, GPT_MERGES), None, BL, T("ByteLevel", add_prefix_space=True, trim_offsets=False, use_regex=True), BL, [added(GPT_VOCAB.index("<|end|>"), "<|end|>")]),
    "byte bpe string merges": tok(bpe(GPT_VOCAB, [" ".join(m) for m in GPT_MERGES]), None, BL, T("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True), BL),
    "byte bpe ignore merges": tok(bpe(GPT_VOCAB + ["Ġhello"], GPT_MERGES, ignore_merges=True), None, BL, None, BL),
    "roberta": tok(bpe(GPT_VOCAB, GPT_MERGES), None, BLP, T("RobertaProcessing", sep=["</s>", 2], cls=["<s>", 0], trim_offsets=True, add_prefix_space=True), BL, [added(GPT_VOCAB.index("<mask>"), "<mask>", lstrip=True)]),
    "spm bpe": tok(bpe(SPM, SPM_MERGES, unk_token="<unk>", fuse_unk=True, byte_fallback=True), LL, None, None, SPM_DEC, [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")]),
    "spm bpe no bytes": tok(bpe(SPM[:3] + SPM[259:], SPM_MERGES, unk_token="<unk>", fuse_unk=True), LL, None, None, SPM_DEC, [added(0, "<unk>")]),
    "spm bpe unfused": tok(bpe(SPM[:3] + SPM[259:], SPM_MERGES, unk_token="<unk>", fuse_unk=False), LL, None, None, T("Metaspace", replacement="▁", prepend_scheme="always", split=True)),
    "bpe no unk": tok(bpe(["h", "e", "l", "o", "he"], [["h", "e"]]), None, T("WhitespaceSplit"), None, None),
    "bpe prefix suffix": tok(bpe(["h", "e", "l", "o", "##h", "##e", "##l", "##o", "##o</w>", "o</w>", "he", "hel", "hell", "hello</w>", "<unk>", "##ll"], [["h", "##e"], ["he", "##l"], ["hel", "##l"], ["hell", "##o</w>"]], unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"), None, T("WhitespaceSplit"), None, T("BPEDecoder", suffix="</w>")),
    "unigram": tok({"type": "Unigram", "unk_id": 0, "vocab": UNI}, None, MS, T("TemplateProcessing", single=[{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<s>", "type_id": 0}}], pair=[{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "<s>", "type_id": 1}}], special_tokens={"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}), MS),
    "unigram bytes": tok({"type": "Unigram", "unk_id": 0, "vocab": UNI + [["<0x%02X>" % b, -20.0] for b in range(256)], "byte_fallback": True}, None, MS, None, T("Sequence", decoders=[T("ByteFallback"), MS])),
    "unigram whole": tok({"type": "Unigram", "unk_id": 0, "vocab": UNI}, T("Nmt"), None, None, None),
    "word level": tok({"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "hello": 1, "world": 2, "!": 3, "日本語": 4}}, None, T("Whitespace"), None, None),
    "added": tok(WPM, BN, T("BertPreTokenizer"), None, T("WordPiece", prefix="##", cleanup=True), [added(28, "Yesterday", False), added(29, "day", False, single_word=True), added(30, "<mask>", True, lstrip=True, rstrip=True), added(31, "hello world", False), added(32, "<|end|>", True), added(33, "<|en", True)]),
    "added to spm": tok(bpe(SPM, SPM_MERGES, unk_token="<unk>", fuse_unk=True, byte_fallback=True), LL, None, None, SPM_DEC, [added(1, "<s>", True, rstrip=True), added(2, "</s>", True, normalized=True), added(281, "<mask>", False), added(282, "  ", False, normalized=False)]),
    "ctc": tok({"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "<pad>": 1, "|": 2, "h": 3, "i": 4}}, None, split("Isolated", {"Regex": "<pad>|."}), None, T("CTC", pad_token="<pad>", word_delimiter_token="|", cleanup=True)),
    "processor sequence": tok(bpe(GPT_VOCAB, GPT_MERGES), None, BLP, T("Sequence", processors=[T("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True), T("TemplateProcessing", single=[{"SpecialToken": {"id": "x", "type_id": 3}}, {"Sequence": {"id": "A", "type_id": 2}}], pair=[{"SpecialToken": {"id": "x", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}, {"Sequence": {"id": "A", "type_id": 2}}], special_tokens={"x": {"id": "x", "ids": [7, 8], "tokens": ["a", "b"]}})]), BL),
}
EXTRA = {"ctc": ["hh<pad>h||ii<pad><pad>|", "hi"], "bpe prefix suffix": ["hello helo o hh hex"], "bpe no unk": ["hexo 日"]}


def main():
    out = {"pieces": [{"name": n, "tokenizer": tok(UNK, s["normalizer"], s["pre_tokenizer"]), "texts": TEXTS} for n, s in PIECES.items()],
           "full": [{"name": n, "tokenizer": t, "texts": WORDS + EXTRA.get(n, []), "pairs": [["hello world", "hello"], ["", "x 12"]]} for n, t in FULL.items()]}
    json.dump(out, open(sys.argv[1], "w", encoding="utf-8"), ensure_ascii=False)


main()
