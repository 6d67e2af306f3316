from __future__ import annotations

import json
from pathlib import Path

import torch
from toy_training import CHINESE, FINETUNING, JAPANESE, SETTINGS, THAI, digests, make_job, tiny_encoder, write_corpus

from xtreme_bench.data.corpora import Corpus, Limits
from xtreme_bench.training import encoder as encoders
from xtreme_bench.training import learned
from xtreme_bench.training.families import qa
from xtreme_bench.training.predict import predict
from xtreme_bench.training.train import finetune, save_head


def test_each_language_gets_one_line_a_pair_and_one_a_word(tmp_path: Path) -> None:
    data = write_corpus(tmp_path / "data")
    encoders.save(tmp_path / "encoder", tiny_encoder())
    for task, method in (("xnli", "full"), ("panx", "head")):
        training = {**FINETUNING, "source": task, "steps": 2, "method": method}
        trained = make_job(tmp_path / task, training, data=data, encoder=tmp_path / "encoder")
        finetune(trained)
        params = {**SETTINGS, "task": task, "languages": ["en", "de"], "stride": None, "method": method}
        inputs = {"data": data, "model": trained.out, "encoder": tmp_path / "encoder"}
        job = make_job(tmp_path / f"predict-{task}", params, **inputs)
        assert predict(job) == {"predictions": {"en": 15, "de": 15}}
        assert set(digests(job.out)) == {"test-en.tsv", "test-de.tsv"}
        again = make_job(tmp_path / f"again-{task}", params, **inputs)
        predict(again)
        assert digests(again.out) == digests(job.out)
        for language in ("en", "de"):
            text = (job.out / f"test-{language}.tsv").read_text()
            if task == "xnli":
                assert len(text.splitlines()) == 15
                assert set(text.splitlines()) <= {"entailment", "neutral", "contradiction"}
            else:
                words = (data / f"panx/test-{language}.tsv").read_text().split("\n")
                assert [bool(line) for line in text.split("\n")] == [bool(word) for word in words]


def test_answers_are_a_json_object_from_id_to_a_substring(tmp_path: Path) -> None:
    encoder = tiny_encoder()
    encoders.save(tmp_path / "model", encoder)
    learned.save(tmp_path / "model", encoder)
    torch.manual_seed(0)
    corpus = Corpus("squad", "qa", (), Limits(48), {})
    save_head(tmp_path / "model", corpus, qa.head(encoder.width, 0, 0.0), "first")
    contexts = {"zh": "".join(CHINESE * 9), "th": THAI * 9, "en": JAPANESE * 9}
    for language, context in contexts.items():
        qas = [{"id": f"{language}{at}", "question": "?" * (at + 1), "answers": []} for at in range(3)]
        whole = {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": context, "qas": qas}]}]}
        path = tmp_path / f"data/xquad/xquad.{language}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(whole))
    params = {**SETTINGS, "task": "xquad", "languages": list(contexts), "stride": 20, "method": "full"}
    model = tmp_path / "model"
    job = make_job(tmp_path, params, data=tmp_path / "data", model=model, encoder=model)
    assert predict(job) == {"predictions": {"zh": 3, "th": 3, "en": 3}}
    for language, context in contexts.items():
        answers = json.loads((job.out / f"test-{language}.json").read_text())
        assert list(answers) == [f"{language}{at}" for at in range(3)]
        assert all(answer and answer in context for answer in answers.values())
