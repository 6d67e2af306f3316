"""The export stage: write an encoder as an ONNX graph, and compare it with torch on sentences in many scripts.

The graph ends at the layer of the recipe and includes the pooling. Layers count hidden states: 0 is the output of the
embeddings, L the output of block L. All retrieval tasks share the stage; later runs find it in the store.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from xtreme_bench.errors import InputError
from xtreme_bench.files import write_json
from xtreme_bench.retrieval import graph, traced
from xtreme_bench.retrieval.embed import BATCH_TOKENS, check_settings, tokenise
from xtreme_bench.retrieval.embed_onnx import onnx_device, onnx_run
from xtreme_bench.retrieval.embed_torch import Run, torch_run
from xtreme_bench.retrieval.params import Embedding, Export
from xtreme_bench.retrieval.parity import least_cosine, parity, require
from xtreme_bench.stage.job import Job
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training.padding import by_length

# Test sentences in sixteen scripts: short and long, with digits and symbols, code-switched, and empty.
SENTENCES = (
    "The train to the coast leaves at 7:45 every morning, except on Sundays.",
    "Wer hat das grüne Fahrrad vor der Bäckerei abgestellt?",
    "Mi abuela plantó tres limoneros detrás de la casa antes de que yo naciera.",
    "Samaki wengi huogelea karibu na mwamba asubuhi.",
    "Mehmet çayını içti, sonra köprünün öbür yakasına yürüdü.",
    "Mưa rơi suốt đêm nhưng sáng nay trời lại trong.",
    "Вчера вечером мы долго говорили о новой книге.",
    "الكتاب على الطاولة قرب النافذة.",
    "باران که بند آمد، بچه‌ها به کوچه برگشتند.",
    "बच्चे नदी के किनारे खेल रहे हैं।",
    "মাঝি ভোরবেলা নৌকা নিয়ে নদীতে গেল।",
    "明天早上我们坐船去岛上看朋友。",
    "昨日は雨だったので、家で本を読みました。",
    "오늘 저녁에 시장에서 생선을 샀어요.",
    "วันนี้อากาศดีมาก",
    "Η γάτα κοιμάται κάτω από το παλιό τραπέζι.",
    "הילדה כתבה מכתב לסבתא שלה.",
    "தம்பி பள்ளிக்கு நடந்து சென்றான்.",
    "అమ్మ ఉదయాన్నే పూలు కోసింది.",
    "കുട്ടികൾ മുറ്റത്ത് മഴ നനഞ്ഞു.",
    "ბებიამ პური გამოაცხო და მეზობლებს დაურიგა.",
    "ကလေးတွေ ကွင်းထဲမှာ ကစားနေကြတယ်။",
    "Ich habe das report schon geschickt, bitte check mal deine inbox :-)",
    "www.example.org/a?b=1&c=2 costs 3,50 € (or 4 $) – 20% less!",
    "No.",
    "7",
    "",
)


def export(job: Job[Export]) -> dict[str, Any]:
    """Write the graph of `inputs["encoder"]` and its description `export.json` to the folder of the stage.

    For every test sentence, the cosine between the exported vector and that of the full torch model in fp32 must be at
    least 0.99999, or `min_cosine` in a lower precision; else StageError. Raises InputError for settings that do not
    fit.
    """
    params = job.params
    encoders.single_threaded_tokenizers()
    job.progress(0, 3, "loading the encoder")
    encoder = encoders.load(job.inputs["encoder"])
    check_settings(params, encoder, job.inputs["encoder"])
    layer, pooling, precision = params.layer, params.pooling, params.precision
    device = _device(params)
    if precision in graph.FLOATS and device == "cpu":
        raise InputError(f"retrieval.precision {precision} needs a GPU, but there is none here; use int8 or fp32")
    job.progress(1, 3, "writing the graph")
    settings: dict[str, Any] = {"layer": layer, "pooling": pooling, "precision": precision, "device": device}
    try:
        if by_hand := graph.knows(encoder.model.config):
            operators = graph.write(encoder.model, job.out, **settings)
        else:
            operators = traced.write(encoder, job.out, **settings)
    except Exception as error:  # the errors of exporters have no common class
        raise InputError(
            f"{job.inputs['encoder']}: cannot be exported as an ONNX graph ({str(error)[:300]}); "
            "set `retrieval.provider: torch`"
        ) from error
    job.progress(2, 3, "comparing with torch")
    tokens, _ = tokenise(encoder.tokenizer, [*SENTENCES, " ".join(SENTENCES)], params.max_length)
    found = run_all(onnx_run(job.out, device, params.threads)[0], tokens)
    lowest = parity(run_all(torch_run(encoder, layer, pooling, cut=False), tokens), found)
    facts = {
        **{name: getattr(params, name) for name in ("layer", "pooling", "precision")},
        "device": device,
        "written_by": "xtreme-bench" if by_hand else f"torch.onnx {torch.__version__}",
        "width": found.shape[1],
        "layers": found.shape[1] // encoder.width,
        "operators": operators,
        "opset": graph.OPSET,
        "parity_sentences": len(tokens),
        "parity_min_cosine": lowest,
    }
    logging.getLogger(__name__).info("exported: lowest cosine to torch %.7f", lowest)
    require(lowest, least_cosine(params), f"the {precision} export")
    write_json(job.out / "export.json", facts)
    return facts | {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}


def fitting(job: Job[Embedding]) -> Mapping[str, Path]:
    """The inputs of a stage with an export; exports again to `job.work` if that in the store is for another device.

    An export is for a CPU or for a GPU, and machines of both kinds may share a store. Errors: as for `export`.
    """
    device = _device(job.params)
    if _made_for(job.inputs["export"]) == device:
        return job.inputs
    folder = job.work / "export"
    if _made_for(folder) != device:
        logging.getLogger(__name__).info("the export in the store is for another device; exported again for %s", device)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        export(dataclasses.replace(job, out=folder))
    return {**job.inputs, "export": folder}


def _device(params: Export) -> str:
    return "cpu" if params.precision == "int8" else onnx_device(params.device)


def _made_for(folder: Path) -> str | None:
    """The device of an export; None if there is none, or it is incomplete after a kill."""
    try:
        return str(json.loads((folder / "export.json").read_text(encoding="utf-8"))["device"])
    except FileNotFoundError:
        return None


def run_all(run: Run, tokens: list[list[int]]) -> NDArray[np.float32]:
    """The vectors (sentences, width) of tokenised sentences, in order."""
    parts = by_length([len(ids) for ids in tokens], BATCH_TOKENS["cpu"], padded=False)
    found = np.concatenate([run(np.array([tokens[at] for at in part])) for part in parts])
    return found[np.argsort(np.concatenate(parts))]
