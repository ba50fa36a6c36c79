"""Makes models/parity.json: what the built-in models answer in Python, for `onnx-predict doctor --parity`.

    python make_parity.py      (transformers 5.18, torch, onnxruntime 1.30, pillow)

Pictures are decoded by Pillow and prepared by transformers' own processor, texts are tokenized and decoded by its tokenizer, and
its generate() searches; the graphs are run by Python's onnxruntime, the decoder anew from its first token at every step.
"""
import json
import pathlib

import numpy
import onnxruntime
import PIL
import torch
import transformers
from PIL import Image
from transformers import AutoConfig, AutoTokenizer, GenerationConfig, T5ForConditionalGeneration
from transformers.image_utils import load_image
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

ROOT = pathlib.Path(__file__).parents[3]
CLASSIFIER = ROOT / "models/tiny-image-classifier"
SUMMARIZER = ROOT / "models/tiny-summarizer"
IMAGES = ["ship.jpg", "airplane.jpg", "automobile.jpg", "truck.jpg"]
TEXTS = [
    (ROOT / "examples/lighthouse.txt").read_text().rstrip("\n"),
    "The old bridge over the Elm was closed on Monday. Engineers had found cracks in two of its arches, and repairs will take "
    "until spring. A ferry for walkers and cyclists starts on Friday.",
    "Caf\u00e9 owner Zo\u00eb Nu\u00f1ez paid \u20ac1,250 for 12\u00bd kg of beans \u2014 a third more than in 2023 \u2014 and \u2018won\u2019t raise prices\u2019 before June.",
]
RUNS = [
    dict(num_beams=1, min_length=5, max_length=48),
    dict(num_beams=4, min_length=20, max_length=64, length_penalty=2.0, early_stopping=True, no_repeat_ngram_size=3),
]


def open_graph(path: pathlib.Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class OnnxEncoder(torch.nn.Module):
    main_input_name = "input_ids"

    def __init__(self, session):
        super().__init__()
        self.session = session

    def forward(self, input_ids=None, attention_mask=None, **_):
        feeds = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        return BaseModelOutput(last_hidden_state=torch.from_numpy(self.session.run(["last_hidden_state"], feeds)[0]))


class OnnxT5(T5ForConditionalGeneration):
    """transformers' generation over ONNX graphs."""

    def __init__(self, config, encoder, decoder):
        super().__init__(config)
        self.encoder = OnnxEncoder(encoder)
        self.session = decoder

    def get_encoder(self, *_, **__):
        return self.encoder

    def forward(self, attention_mask=None, encoder_outputs=None, decoder_input_ids=None, **_):
        rows = decoder_input_ids.shape[0]
        feeds = {
            "encoder_attention_mask": attention_mask.numpy(),
            "input_ids": decoder_input_ids.numpy(),
            "encoder_hidden_states": encoder_outputs[0].numpy(),
            "use_cache_branch": numpy.array([False]),
        }
        for inputs in self.session.get_inputs():
            if inputs.name.startswith("past_key_values"):
                feeds[inputs.name] = numpy.zeros((rows, inputs.shape[1], 1, inputs.shape[3]), numpy.float32)
        return Seq2SeqLMOutput(logits=torch.from_numpy(self.session.run(["logits"], feeds)[0]))


def classify() -> list:
    from transformers import ViTImageProcessorPil

    processor = ViTImageProcessorPil.from_pretrained(CLASSIFIER)
    session = open_graph(CLASSIFIER / "onnx/model.onnx")
    cases = []
    for name in IMAGES:
        image = load_image(Image.open(ROOT / "examples" / name))
        pixels = numpy.asarray(processor(image, return_tensors="np")["pixel_values"], numpy.float32)
        logits = session.run(["logits"], {"pixel_values": pixels})[0][0]
        cases.append(dict(image=f"examples/{name}", logits=[round(float(value), 6) for value in logits]))
    return cases


def summarize() -> list:
    tokenizer = AutoTokenizer.from_pretrained(SUMMARIZER)
    config = AutoConfig.from_pretrained(SUMMARIZER)
    prefix = config.task_specific_params["summarization"]["prefix"]
    folder = SUMMARIZER / "onnx"
    model = OnnxT5(config, open_graph(folder / "encoder_model.onnx"), open_graph(folder / "decoder_model_merged.onnx"))
    model.generation_config = GenerationConfig.from_pretrained(SUMMARIZER)
    cases = []
    for text in TEXTS:
        inputs = tokenizer(prefix + text, return_tensors="pt", truncation=True, max_length=512)
        for kwargs in RUNS:
            with torch.no_grad():
                out = model.generate(
                    **inputs, **kwargs, do_sample=False, use_cache=False, return_dict_in_generate=True, output_scores=True
                )
            ids = out.sequences[0].tolist()
            score = None if kwargs["num_beams"] == 1 else round(float(out.sequences_scores[0]), 6)
            summary = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            cases.append(dict(text=text, options=kwargs, output_ids=ids, score=score, summary=summary))
    return cases


versions = dict(
    transformers=transformers.__version__,
    torch=torch.__version__,
    onnxruntime=onnxruntime.__version__,
    pillow=PIL.__version__,
)
content = dict(made_by="test/golden/parity/make_parity.py", versions=versions, classify=classify(), summarize=summarize())
(ROOT / "models/parity.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
