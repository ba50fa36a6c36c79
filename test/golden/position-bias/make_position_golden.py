"""Makes buckets.json beside this file: what transformers' T5 takes two tokens' distance for.

    python make_position_golden.py      (torch, transformers)

Each case has the buckets of memory_position - query_position = -200 to 200: [from which on, bucket].
"""
import json
import pathlib

import torch
import transformers
from transformers.models.t5.modeling_t5 import T5Attention

OFFSETS = range(-200, 201)
CASES = [(num_buckets, max_distance) for num_buckets in (8, 31, 32, 64) for max_distance in (20, 100, 127, 128, 129, 200, 256)]

cases = []
for bidirectional in (True, False):
    for num_buckets, max_distance in CASES:
        # Where exact buckets reach as far as the largest distance there is no scale left, and PyTorch divides by zero.
        if num_buckets // (4 if bidirectional else 2) >= max_distance:
            continue
        buckets = T5Attention._relative_position_bucket(
            torch.tensor(OFFSETS), bidirectional=bidirectional, num_buckets=num_buckets, max_distance=max_distance
        )
        pairs = list(zip(OFFSETS, buckets.tolist()))
        changes = [pair for place, pair in enumerate(pairs) if place == 0 or pair[1] != pairs[place - 1][1]]
        cases.append({"bidirectional": bidirectional, "numBuckets": num_buckets, "maxDistance": max_distance, "changes": changes})

golden = {
    "note": f"T5Attention._relative_position_bucket of transformers {transformers.__version__}, PyTorch {torch.__version__}",
    "firstOffset": OFFSETS[0],
    "lastOffset": OFFSETS[-1],
}
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
text = json.dumps(golden)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
(pathlib.Path(__file__).parent / "buckets.json").write_text(text)
