"""Asks Python what odd and long texts become as ids, cut to several lengths, and what random ids become as text.

    python test/golden/tokenizer/make_tokenizer_golden.py NAME=FOLDER [--cases N] [--seed S] [--out FILE]

(pip install transformers==5.18 tokenizers==0.23.2 torch). The committed files are its output on test/fixtures/tokenizers with --cases 200 (120 for the tiny ones);
with more cases and another seed it is a differential fuzz: point the environment variable TOKENIZER_GOLDEN of
test/unit/preprocessing/tokenizer-golden.test.ts at the folder of what it wrote.
"""
import argparse
import hashlib
import json
import random
from pathlib import Path

import tokenizers
import transformers

HERE = Path(__file__).resolve().parent
WORDS = "the The a of summary naïve café don't I'm we've they'll it's 'S U.S.A. e.g. C++ node.js 3.14 1,000 x² ½ № Σας İstanbul ﬁn ǆ".split(" ")
SPACES = [" ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000", "\u0085", "\u000b", "\ufeff", "\u200b"]
MARKS = ["\u0300", "\u0301", "\u0327", "\u0338", "\u20dd", "\ufe0f", "\u200d", "\u200c", "\u094d", "\u093f", "\u0e33", "\u3099", "\u1ab0", "\U0001f3fd"]
TOKENS = ["<s>", "</s>", "<pad>", "<unk>", "<mask>", "<extra_id_0>", "<extra_id_99>", "<extra_id_", "< mask >", "<MASK>", "＜ｐａｄ＞", "▁", "Ġ", "▁▁a"]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇫🇷", "🇫", "❤️", "©️", "©\u200d©\u0301", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "☎\u200d®\u0302"]
SCRIPTS = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x900, 0xE00), (0xE00, 0x1000), (0x1100, 0x1200), (0x1E00, 0x2000),
           (0x2000, 0x2070), (0x2070, 0x2C00), (0x3000, 0x3200), (0x3200, 0x3400), (0x4E00, 0x9FFF), (0xA960, 0xAC00), (0xAC00, 0xD7FF), (0xF900, 0xFB50),
           (0xFB50, 0x10000), (0x10000, 0x11FFF), (0x1D100, 0x1D800), (0x1F000, 0x1FB00), (0x20000, 0x20100), (0xE0000, 0xE01F0), (0, 0x20), (0, 0x110000)]
ODD = ["\x00", "\x01", "\x7f", "\u00ad", "\u2581", "\ufffd", "\uffff", "\u202e", "ﷺ", "㍿", "～", "…", "“q”", "—", "''", "```", "$$$$", "\u0600a", "\u1100\u1161\u11a8", "각\u11a8", "각\u1161\u0301"]

LONG_CHARACTERS = 8_000
# Each is repeated up to so many characters.
LONG = ["The quick brown fox jumps over the lazy dog. ", "漢字仮名交じり文日本語中國", "👨‍👩‍👧‍👦", "é", "\u0301", "abcdefghij", "a", "\x00", " ", "\n", " \n\t", "<mask>",
        " <mask>", "<extra_id_9>", "<extra_id_", "<", "\u1100\u1161\u11a8", "🇫🇷", "क्", "ﷺ", "!", "\u200d", "0123456789", "don't", "'", "\u3000x", "\ufffd", "▁"]


def char(rng: random.Random) -> str:
    low, high = rng.choice(SCRIPTS)
    while True:
        code = rng.randrange(low, high)
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def fragment(rng: random.Random) -> str:
    kind = rng.randrange(12)
    if kind < 2:
        return rng.choice(WORDS)
    if kind < 4:
        return rng.choice(SPACES)
    if kind == 4:
        return rng.choice(MARKS) * rng.choice([1, 1, 1, 2, 5])
    if kind == 5:
        return rng.choice(TOKENS)
    if kind == 6:
        return rng.choice(EMOJI)
    if kind == 7:
        return rng.choice(ODD)
    if kind == 8:
        low, high = rng.choice(SCRIPTS[:-1])
        return "".join(chr(rng.randrange(low, high)) for _ in range(rng.randrange(1, 8)))
    if kind == 9:
        return char(rng) + rng.choice(MARKS)
    if kind == 10:
        return rng.choice("aZ0-!.'") * rng.randrange(1, 30)
    return char(rng)


def text(rng: random.Random) -> str:
    return "".join(fragment(rng) for _ in range(rng.choice([1, 2, 3, 4, 6, 10, 25])))


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("tokenizer", metavar="NAME=FOLDER")
    ap.add_argument("--cases", type=int, default=250)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--out", type=Path)
    args = ap.parse_args()
    name, folder = args.tokenizer.split("=", 1)
    tok = transformers.AutoTokenizer.from_pretrained(folder)
    rng = random.Random(f"{args.seed} {name}")
    cases = []
    for _ in range(args.cases):
        given = text(rng)
        ids = tok(given)["input_ids"]
        shorter = [rng.randrange(2, len(ids) + 2) for _ in range(2)]
        some = [rng.randrange(len(tok)) for _ in range(rng.randrange(1, 12))]
        cases.append({
            "text": given, "ids": ids,
            "cut": [[n, tok(given, truncation=True, max_length=n)["input_ids"]] for n in shorter],
            "decoded": tok.decode(ids, skip_special_tokens=True), "decodedWithSpecial": tok.decode(ids, skip_special_tokens=False),
            "random": [some, tok.decode(some, skip_special_tokens=True), tok.decode(some, skip_special_tokens=False, clean_up_tokenization_spaces=False)],
        })
    out = args.out or HERE / f"{name}.json"
    long = []
    for unit in LONG:
        ids = tok("x" + unit * (LONG_CHARACTERS // len(unit)))["input_ids"]
        long.append({"unit": unit, "repeat": LONG_CHARACTERS // len(unit), "numIds": len(ids), "sha256": hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()})
    head = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "tokenizer": name, "class": type(tok).__name__, "seed": args.seed, "long": long}
    # One case a line.
    body = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
    out.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + body + "\n]}\n")
    print(out, len(cases))


main()
