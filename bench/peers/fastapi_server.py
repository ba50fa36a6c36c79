"""The tutorial's FastAPI server as it behaved: python3 fastapi_server.py '{"models": {"mit-b0", "t5", "bart"}, "numThreads"}'

Inference blocks the event loop in `async def`; image processor and tokenizers are read again for every request. Models are loaded once.
Needs fastapi, uvicorn, python-multipart, pillow, torch and transformers, and model.safetensors beside the models' ONNX files.
"""
import io
import json
import socket
import sys

import torch
import uvicorn
from fastapi import FastAPI, File, HTTPException, UploadFile
from image_processor import read_image_processor
from PIL import Image
from pydantic import BaseModel
from transformers import AutoModelForImageClassification, AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()
job = json.loads(sys.argv[1])
folders = job["models"]
torch.set_num_threads(job["numThreads"])
classifier = AutoModelForImageClassification.from_pretrained(folders["mit-b0"]).eval()
summarizers = {
    name: AutoModelForSeq2SeqLM.from_pretrained(folders[name]).eval() for name in ("t5", "bart") if folders.get(name)
}
app = FastAPI()


class TextRequest(BaseModel):
    text: str


@app.get("/")
async def root():
    return {"message": "Welcome to the ML Model API"}


@app.post("/predict/image_classes")
async def predict_img_class(file: UploadFile = File(...)):
    image = Image.open(io.BytesIO(await file.read())).convert("RGB")
    process = read_image_processor(folders["mit-b0"])
    with torch.no_grad():
        logits = classifier(pixel_values=process(image)).logits
    label = classifier.config.id2label[logits.argmax(-1).item()]
    return {"class_label": label.split(", ")[0]}


@app.post("/predict/text_summarize")
async def text_summarize(request: TextRequest, model: str = "t5", min: int = 30, max: int = 130):
    if not request.text.strip():
        raise HTTPException(400, "Text cannot be empty")
    if model not in summarizers:
        raise HTTPException(400, "Invalid model specified.")
    tokenizer = AutoTokenizer.from_pretrained(folders[model])
    network = summarizers[model]
    if model == "t5":
        inputs = tokenizer("summarize: " + request.text, return_tensors="pt", max_length=512, truncation=True)
        rules = dict(min_length=80, max_length=100, num_beams=1)
    else:
        # What pipeline("summarization") of transformers 4 does with bart-large-cnn; longer texts made it fail.
        inputs = tokenizer(" " + request.text, return_tensors="pt", max_length=1024, truncation=True)
        rules = dict(min_length=min, max_length=max, num_beams=4, length_penalty=2.0, early_stopping=True, no_repeat_ngram_size=3)
    with torch.no_grad():
        outputs = network.generate(**inputs, do_sample=False, **rules)
    return {"summary": tokenizer.decode(outputs[0], skip_special_tokens=model != "t5")}


# Only of a socket that says that it is TCP does asyncio turn off Nagle's algorithm.
listener = socket.socket(proto=socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0))
listener.listen(2048)
print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
