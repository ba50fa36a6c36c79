"""Makes odd.<model>.json beside this file: what transformers generates under odd settings, drawn at random.

    python make_odd_golden.py MODELS      (transformers 5.18, torch)

MODELS holds the folders tiny-t5 and tiny-bart of test/fixtures/models, with their weights as model.safetensors.

Kept are cases that float64 answers with the same ids, so that a differing id is a fault and no rounding, and whose beams are all
real (transformers fills up with copies, scored -1e9 / length, where a forced token leaves fewer texts than beams).
"""
import json
import pathlib
import random
import sys

import torch
import transformers
from transformers import AutoModelForSeq2SeqLM

HERE = pathlib.Path(__file__).parent
NUM_CASES = 80
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


def settings(pick: random.Random, t5: bool, source: list[int]) -> dict:
    eos, other = (1, 4) if t5 else (2, 17)
    beams = pick.choice([1, 1, 2, 3, 4, 5, 6, 7, 8])
    longest = pick.choice([2, 3, 5, 8, 12, 20, 30])
    kwargs = dict(
        num_beams=beams,
        num_return_sequences=pick.randint(1, beams) if pick.random() < 0.4 else 1,
        length_penalty=pick.choice([-2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.0, 3.0]),
        early_stopping=pick.choice([True, False, "never", "never"]),
        no_repeat_ngram_size=pick.choice([0, 0, 1, 2, 3, 4]),
        repetition_penalty=pick.choice([1.0, 1.0, 0.8, 1.2, 1.5, 3.0]),
        max_length=longest,
        min_length=min(longest, pick.choice([0, 0, 3, 8, 15, longest])),
        eos_token_id=pick.choice([eos, eos, [eos, other], [other, 13, eos], None]),
        pad_token_id=0 if t5 else 1,
        forced_bos_token_id=pick.choice([None, None, 0, 7]),
        forced_eos_token_id=pick.choice([None, eos]),
    )
    if pick.random() < 0.3:
        kwargs["min_new_tokens"] = pick.randint(0, longest - 1)
    if pick.random() < 0.4:
        words = [[pick.choice(source) for _ in range(pick.choice([1, 1, 2, 3]))] for _ in range(pick.randint(1, 5))]
        kwargs["bad_words_ids"] = words + ([[eos]] if pick.random() < 0.3 else [])
    return kwargs


def main(models: pathlib.Path) -> None:
    for name in ("tiny-t5", "tiny-bart"):
        pick = random.Random(name)
        single = AutoModelForSeq2SeqLM.from_pretrained(models / name).eval()
        double = AutoModelForSeq2SeqLM.from_pretrained(models / name).double().eval()
        known = json.loads((HERE / f"summaries.{name}.json").read_text())["cases"]
        texts = [case["input_ids"][0] for case in known if len(case["input_ids"]) == 1]
        cases = []
        while len(cases) < NUM_CASES:
            inputs = [text[: pick.randint(3, len(text))] for text in pick.sample(texts, pick.choice([1, 1, 1, 2, 3]))]
            kwargs = settings(pick, name == "tiny-t5", [token for text in inputs for token in text])
            longest = max(map(len, inputs))
            pad = kwargs["pad_token_id"]
            batch = dict(
                input_ids=torch.tensor([text + [pad] * (longest - len(text)) for text in inputs]),
                attention_mask=torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in inputs]),
            )
            scores = kwargs["num_beams"] > 1
            answers = [m.generate(**batch, **kwargs, return_dict_in_generate=True, output_scores=scores) for m in (single, double)]
            ids = [answer.sequences.tolist() for answer in answers]
            case = {"input_ids": inputs, "runs": {"odd": {"effective": kwargs, "ids": ids[0]}}}
            if scores:
                case["runs"]["odd"]["scores"] = [round(score, 6) for score in answers[0].sequences_scores.tolist()]
            if ids[0] == ids[1] and min(case["runs"]["odd"].get("scores", [0])) > -1e6:
                cases.append(case)
        body = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        note = f"transformers {transformers.__version__}, PyTorch {torch.__version__}, float32"
        (HERE / f"odd.{name}.json").write_text(f'{{"note": "{note}",\n"cases": [\n{body}\n]}}\n')


if __name__ == "__main__":
    with torch.no_grad():
        main(pathlib.Path(sys.argv[1]))
