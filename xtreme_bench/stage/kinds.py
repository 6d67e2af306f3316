"""The kinds of stages, and what each may use: the one table that plan, worker, guard and engines follow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of stage.

    `function` ("module:name") does the work. `trains`: it takes steps and writes checkpoints. `gpu`: it computes with
    an encoder, and so on a GPU where there is one. `gold`: it reads or makes gold labels, or reads releases that hold
    them; such a stage gets a process of its own, whose memory no other stage shares.
    """

    function: str
    trains: bool = False
    gpu: bool = False
    gold: bool = False


KINDS: dict[str, Kind] = {
    "corpus": Kind("xtreme_bench.miniature.corpus:make_corpus"),
    "labels": Kind("xtreme_bench.miniature.corpus:make_labels", gold=True),
    "release_corpus": Kind("xtreme_bench.data.release.prepare:make_corpus", gold=True),
    "release_labels": Kind("xtreme_bench.data.release.prepare:make_labels", gold=True),
    "pretrain": Kind("xtreme_bench.training.pretrain:pretrain", trains=True, gpu=True),
    "features": Kind("xtreme_bench.training.features:features"),
    "intermediate": Kind("xtreme_bench.training.train:intermediate", trains=True, gpu=True),
    "finetune": Kind("xtreme_bench.training.train:finetune", trains=True, gpu=True),
    "predict": Kind("xtreme_bench.training.predict:predict", gpu=True),
    "export": Kind("xtreme_bench.retrieval.export:export", gpu=True),
    "retrieve": Kind("xtreme_bench.retrieval.retrieve:retrieve", gpu=True),
    "audit": Kind("xtreme_bench.audit.audit:audit_stage"),
    "layers": Kind("xtreme_bench.retrieval.layers:score_layers", gpu=True),
    "score": Kind("xtreme_bench.official.scores:score_stage", gold=True),
    "precision": Kind("xtreme_bench.retrieval.precision:compare", gold=True),
}
