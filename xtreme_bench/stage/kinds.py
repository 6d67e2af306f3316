"""The kinds of stages: the one table that plan, keys, worker, guard, engines, manifest and report follow.

A new kind is a module, with a function and a dataclass of its parameters, and one row here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of stage.

    `function` ("module:name") does the work, `params` is the dataclass that it gets. `title` is what people read of a
    stage, before what it works on. `phase` names its phase of training, for a kind that takes steps and writes
    checkpoints; the page draws the points of its curve that begin with `curve`. `gpu`: it computes with an encoder, and
    so on a GPU if there is one. `gold`: it reads or makes gold labels, or reads releases that hold them; such a
    stage gets a process of its own, whose memory no other stage shares. `predicts`: it writes predictions of a target.
    `prepares`: it makes corpora from releases, so every row of the table of intermediate tasks is in its key.
    `aside` are parameters that do not change its result, so they are not in the key. `tells`: the field of the manifest
    that holds its facts, and the part of the page that shows them.
    """

    function: str
    params: str
    title: str
    phase: str = ""
    curve: str = "loss"
    gpu: bool = False
    gold: bool = False
    predicts: bool = False
    prepares: bool = False
    aside: tuple[str, ...] = ()
    tells: str = ""

    @property
    def trains(self) -> bool:
        """Whether it takes steps and writes checkpoints."""
        return bool(self.phase)

    @property
    def code(self) -> tuple[str, str]:
        """What it runs, each as "module:name"."""
        return self.function, self.params


KINDS: dict[str, Kind] = {
    "corpus": Kind(
        "xtreme_bench.miniature.corpus:make_corpus",
        "xtreme_bench.miniature.params:Miniature",
        "miniature corpora",
    ),
    "labels": Kind(
        "xtreme_bench.miniature.corpus:make_labels",
        "xtreme_bench.miniature.params:Miniature",
        "gold labels",
        gold=True,
    ),
    "release_corpus": Kind(
        "xtreme_bench.data.release.prepare:make_corpus",
        "xtreme_bench.data.release.params:ReleaseCorpus",
        "prepare releases",
        gold=True,
        prepares=True,
        aside=("used",),
    ),
    "release_labels": Kind(
        "xtreme_bench.data.release.prepare:make_labels",
        "xtreme_bench.data.release.params:Releases",
        "gold labels",
        gold=True,
        prepares=True,
    ),
    "pretrain": Kind(
        "xtreme_bench.training.pretrain:pretrain",
        "xtreme_bench.training.params:Pretrain",
        "pretrain",
        phase="pretraining",
        gpu=True,
        aside=("checkpoint_seconds",),
    ),
    "features": Kind(
        "xtreme_bench.training.features:features",
        "xtreme_bench.training.params:Features",
        "tokenise",
        aside=("threads",),
    ),
    "intermediate": Kind(
        "xtreme_bench.training.train:intermediate",
        "xtreme_bench.training.params:Intermediate",
        "intermediate training",
        phase="intermediate training",
        gpu=True,
        aside=("checkpoint_seconds",),
        tells="dev",
    ),
    "finetune": Kind(
        "xtreme_bench.training.train:finetune",
        "xtreme_bench.training.params:Finetune",
        "fine-tune",
        phase="fine-tuning",
        curve="dev",
        gpu=True,
        aside=("checkpoint_seconds",),
        tells="dev",
    ),
    "predict": Kind(
        "xtreme_bench.training.predict:predict",
        "xtreme_bench.training.params:Predict",
        "predict",
        gpu=True,
        predicts=True,
    ),
    "export": Kind(
        "xtreme_bench.retrieval.export:export",
        "xtreme_bench.retrieval.params:Export",
        "export",
        gpu=True,
    ),
    "retrieve": Kind(
        "xtreme_bench.retrieval.retrieve:retrieve",
        "xtreme_bench.retrieval.params:Retrieve",
        "retrieve",
        gpu=True,
        predicts=True,
        tells="retrieval",
    ),
    "audit": Kind(
        "xtreme_bench.audit.audit:audit_stage",
        "xtreme_bench.data.usage:Usage",
        "audit the corpora",
        tells="audit",
    ),
    "layers": Kind(
        "xtreme_bench.retrieval.layers:score_layers",
        "xtreme_bench.retrieval.params:Layers",
        "score every layer",
        gpu=True,
        tells="layers",
    ),
    "score_chosen": Kind(
        "xtreme_bench.retrieval.layers:score_chosen",
        "xtreme_bench.official.params:Score",
        "score at the chosen layer",
        gold=True,
        tells="chosen_layer",
    ),
    "score": Kind(
        "xtreme_bench.official.scores:score_stage",
        "xtreme_bench.official.params:Score",
        "score",
        gold=True,
        tells="scores",
    ),
    "precision": Kind(
        "xtreme_bench.retrieval.precision:compare",
        "xtreme_bench.retrieval.params:Precision",
        "accuracy of",
        gold=True,
        tells="precision",
    ),
}
