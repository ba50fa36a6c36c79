"""PyTorch (eager) at the same job: python3 pytorch_summarize.py '{"model", "text", "numTokens", "numThreads", "numBeams"}'

Needs torch and transformers, and the model's weights for them beside its ONNX files. Prints what the other peers print.
"""
import json
import resource
import sys
import time

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.utils import logging

logging.disable_progress_bar()
job = json.loads(sys.argv[1])
torch.set_num_threads(job["numThreads"])
start = time.perf_counter()
tokenizer = AutoTokenizer.from_pretrained(job["model"])
model = AutoModelForSeq2SeqLM.from_pretrained(job["model"]).eval()
load_ms = (time.perf_counter() - start) * 1000
task = (model.config.task_specific_params or {}).get("summarization", {}) if hasattr(model.config, "task_specific_params") else {}
prefix = task.get("prefix", getattr(model.config, "prefix", None)) or ""


def summarize():
    inputs = tokenizer([prefix + job["text"]], truncation=True, return_tensors="pt")
    rules = dict(min_length=job["numTokens"], max_length=job["numTokens"], no_repeat_ngram_size=0, early_stopping=False)
    with torch.inference_mode():
        outputs = model.generate(**inputs, num_beams=job["numBeams"], do_sample=False, **rules)
    tokenizer.batch_decode(outputs, skip_special_tokens=True)
    return {"inputTokens": inputs.input_ids.shape[1], "outputTokens": outputs.shape[1]}


tokens = summarize()
summary_ms = []
for _ in range(3):
    start = time.perf_counter()
    summarize()
    summary_ms.append((time.perf_counter() - start) * 1000)
step_ms = [total / (job["numTokens"] - 1) for total in summary_ms]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"loadMs": load_ms, "summaryMs": summary_ms, "stepMs": step_ms, **tokens, "peakMegabytes": peak}))
