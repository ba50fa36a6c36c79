"""PyTorch (eager) at the jobs of measure-job.js: python3 pytorch.py '<Job as JSON>'

Needs torch and transformers, and model.safetensors in the model's folder. Prints what measure-job.js prints.
"""
import atexit
import gc
import json
import os
import resource
import sys
import time

WARM_TOKENS = 20

start = time.perf_counter()
job = json.loads(sys.argv[1])


@atexit.register
def report_cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    try:
        os.write(3, str((usage.ru_utime + usage.ru_stime) * 1000).encode())
    except OSError:
        pass  # Nobody asked.


import torch
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
torch.set_num_threads(job["numThreads"])
folder = job["model"]


def open_classifier():
    from image_processor import read_image_processor
    from PIL import Image
    from transformers import AutoModelForImageClassification

    model = AutoModelForImageClassification.from_pretrained(folder).eval()
    process = read_image_processor(folder)

    def answer(picture, rules):
        pixels = process(Image.open(picture).convert("RGB"))
        with torch.inference_mode():
            top = model(pixel_values=pixels).logits.softmax(-1).topk(5)
        return {"label": model.config.id2label[top.indices[0, 0].item()].split(", ")[0]}

    return answer


def open_summarizer():
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()

    def answer(text, rules):
        inputs = tokenizer([text], truncation=True, return_tensors="pt")
        lengths = dict(min_length=rules["numTokens"], max_length=rules["numTokens"])
        search = dict(num_beams=rules["numBeams"], do_sample=False, no_repeat_ngram_size=0, early_stopping=False)
        with torch.inference_mode():
            outputs = model.generate(**inputs, **lengths, **search)
        tokenizer.batch_decode(outputs, skip_special_tokens=True)
        return {"inputTokens": inputs.input_ids.shape[1], "outputTokens": outputs.shape[1]}

    return answer


def measure(point):
    rules = point["rules"]
    warm = {**rules, "numTokens": min(rules["numTokens"], WARM_TOKENS)} if "numTokens" in rules else rules
    for text in point["inputs"][:2]:
        answer(text, warm)
    ms = []
    before = os.times()
    for _ in range(point["numRuns"]):
        begin = time.perf_counter()
        answers = [answer(text, rules) for text in point["inputs"]]
        ms.append((time.perf_counter() - begin) * 1000)
    after = os.times()
    cpu_ms = (after.user + after.system - before.user - before.system) * 1000 / point["numRuns"]
    return {"name": point["name"], "ms": ms, "cpuMs": cpu_ms, "answer": answers[-1]}


answer = open_summarizer() if job["task"] == "summarization" else open_classifier()
load_ms = (time.perf_counter() - start) * 1000
if job["mode"] == "cold":
    print(answer(job["points"][0]["inputs"][0], {})["label"], flush=True)
elif job["mode"] == "phased":
    for phase in ("loaded", "worked", "unloaded"):
        if phase == "worked":
            for point in job["points"]:
                for text in point["inputs"]:
                    answer(text, point["rules"])
        elif phase == "unloaded":
            del answer
            gc.collect()
        print("done", flush=True)
        sys.stdin.readline()
else:
    print(json.dumps({"loadMs": load_ms, "points": [measure(point) for point in job["points"]]}))
