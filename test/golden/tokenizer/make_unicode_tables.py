"""Writes src/preprocessing/unicode-tables.ts: the character classes that the `tokenizers` package itself uses, asked of it; and
graphemes.json: texts of all these classes, as normalizers show where it cuts them.

    python test/golden/tokenizer/make_unicode_tables.py        (pip install tokenizers==0.23.2)

Node's own \\p{...} follows the Unicode version it was built with, which is another one in every Node; the reference's is fixed.
"""
import base64
import json
import random
import struct
from pathlib import Path

import tokenizers
from tokenizers import normalizers, pre_tokenizers

OUT = Path(__file__).resolve().parents[3] / "src" / "preprocessing" / "unicode-tables.ts"
CODE_POINTS = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
ACUTE, CIRCUMFLEX, ZWJ, COPYRIGHT, KA, VIRAMA = "\u0301", "\u0302", "\u200d", "\u00a9", "\u0915", "\u094d"


def charsmap_of_single_bytes() -> bytes:
    """A charsmap that maps every single byte to "X": a cluster of under 6 bytes becomes one X, a longer one an X per character."""
    units = [0] * 1024
    units[0] = 256 << 10
    for byte in range(1, 256):
        node = 256 ^ byte
        units[node] = ((node ^ (512 + byte)) << 10) | 256 | byte
        units[512 + byte] = 1 << 31
    return struct.pack("<I", len(units) * 4) + struct.pack(f"<{len(units)}I", *units) + b"X\0"


probe = normalizers.Precompiled(charsmap_of_single_bytes())
words = pre_tokenizers.ByteLevel(add_prefix_space=False)


def clusters(text: str) -> int:
    return len(probe.normalize_str(text))


def is_one_word(text: str) -> bool:
    return len(words.pre_tokenize_str(text)) == 1


def grapheme_class(code: int) -> str | None:
    char = chr(code)
    if char in "\r\n\u200c\u200d":
        return None
    if clusters("a" + char) == 1:
        if clusters(KA + char + KA + ACUTE) == 4:
            return "linker"
        return "extend" if clusters(COPYRIGHT + char + ZWJ + COPYRIGHT + ACUTE) == 5 else "spacingMark"
    if clusters(char + "a") == 1:
        return "prepend"
    if clusters(char + ACUTE + CIRCUMFLEX) == 2:
        return "control"
    if clusters(char + ZWJ + COPYRIGHT + ACUTE) == 4:
        return "pictographic"
    return "consonant" if clusters(char + VIRAMA + KA + ACUTE) == 4 else None


def encode(codes: list[int]) -> str:
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code:
            ranges[-1][1] += 1
        else:
            ranges.append([code, code + 1])
    out, last = [], 0
    for start, end in ranges:
        out.append(base36(start - last) + (":" + base36(end - start) if end - start > 1 else ""))
        last = end
    return " ".join(out)


def base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


by_class: dict[str, list[int]] = {"control": [0]}
for code in CODE_POINTS:
    if (name := grapheme_class(code)) is not None:
        by_class.setdefault(name, []).append(code)
letters = [c for c in CODE_POINTS if is_one_word("a" + chr(c))]
numbers = [c for c in CODE_POINTS if is_one_word("1" + chr(c))]

lines = [
    f"// Written by test/golden/tokenizer/make_unicode_tables.py from tokenizers {tokenizers.__version__}; not to be edited by hand.",
    "",
    "/** Ranges of code points, in order, each `gap:length` in base 36: the gap is from the end of the range before; a length of 1 is left out. */",
    "export type EncodedRanges = string;",
    "",
    "/** Unicode general category L. */",
    f"export const LETTERS: EncodedRanges = '{encode(letters)}';",
    "/** Unicode general category N. */",
    f"export const NUMBERS: EncodedRanges = '{encode(numbers)}';",
    "/** Grapheme_Cluster_Break, Extended_Pictographic and Indic_Conjunct_Break, but for CR, LF, ZWNJ, ZWJ and Hangul. */",
    "export const GRAPHEME_BREAKS = {",
    *[f"  {name}: '{encode(codes)}'," for name, codes in sorted(by_class.items())],
    "} as const satisfies Record<string, EncodedRanges>;",
]
OUT.write_text("\n".join(lines) + "\n")

# Members of every class, with and without short encodings, one after the other at random.
POOLS = [*by_class.values(), [0x0D], [0x0A], [0x200C], [0x200D], [0xA9, 0xAE], range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200),
         range(0xAC00, 0xD7A4), range(0xAC00, 0xD7A4, 28), [0x16D63, 0x16D67], range(0x1F1E6, 0x1F200), range(0x41, 0x5B), range(0xC0, 0x180),
         [0x300, 0x301, 0x308, 0x323], [ord(KA), 0x995], [ord(VIRAMA), 0x9CD]]
rng = random.Random(5)
texts = ["".join(chr(rng.choice(rng.choice(POOLS))) for _ in range(rng.randrange(2, 9))) for _ in range(1500)]
texts += ["a\r\nb", "\r\u0301", COPYRIGHT + ZWJ + COPYRIGHT + ACUTE, COPYRIGHT + ACUTE + ZWJ + COPYRIGHT + ACUTE, KA + VIRAMA + KA + ACUTE, KA + VIRAMA + ZWJ + KA + ACUTE,
          KA + "\u200c" + VIRAMA + KA + ACUTE, "\u0600a", "\u0600\u0600" + ACUTE, "\u0600\n", "\u1100\u1100" + ACUTE, "\uac00\u11a8" + ACUTE, "\uac01\u1161" + ACUTE]
t5 = tokenizers.Tokenizer.from_file(str(OUT.parents[2] / "test" / "fixtures" / "tokenizers" / "t5-small" / "tokenizer.json")).normalizer
golden = {"tokenizers": tokenizers.__version__, "charsmap": base64.b64encode(charsmap_of_single_bytes()).decode(),
          "cases": [[text, probe.normalize_str(text), t5.normalize_str(text)] for text in texts]}
(Path(__file__).parent / "graphemes.json").write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
