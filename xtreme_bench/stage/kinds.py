"""The table of stage kinds, which plan, keys, worker, guard, engines, manifest and report use.

A new kind needs a module, with a function and a dataclass of parameters, and one row here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of stage.

    `function` ("module:name"): does the work. `params` ("module:name"): the dataclass of its parameters. `title`: its
    name in messages, followed by what it works on. `phase`: its training phase, if it trains and writes checkpoints.
    `curve`: the page plots the points whose name starts with this. `gpu`: it runs an encoder, on a GPU if there is one.
    `shared`: several processes can share its work.
    `gold`: it reads or writes gold labels, or reads releases that contain them; it gets a process of its own.
    `predicts`: it writes predictions of a target. `prepares`: it makes corpora from releases, so its key has every row
    of the table of intermediate tasks. `aside`: parameters that do not change its result and so are not in its key.
    `tells`: the field of the manifest with its facts, and the part of the page that shows them.
    """

    function: str
    params: str
    title: str
    phase: str = ""
    curve: str = "loss"
    gpu: bool = False
    shared: bool = False
    gold: bool = False
    predicts: bool = False
    prepares: bool = False
    aside: tuple[str, ...] = ()
    tells: str = ""

    @property
    def trains(self) -> bool:
        """Whether it trains and writes checkpoints."""
        return bool(self.phase)

    @property
    def code(self) -> tuple[str, str]:
        """The code that it runs, each as "module:name"."""
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
        shared=True,
        aside=("checkpoint_seconds", "activations", "packing", "fsdp"),
    ),
    "shorten": Kind(
        "xtreme_bench.training.shorten:shorten",
        "xtreme_bench.training.params:Shorten",
        "shorten",
    ),
    "features": Kind(
        "xtreme_bench.training.features:features",
        "xtreme_bench.training.params:Features",
        "tokenise",
        aside=("threads",),
    ),
    "frozen": Kind(
        "xtreme_bench.training.frozen:encode",
        "xtreme_bench.training.params:Frozen",
        "encode with the frozen blocks",
        gpu=True,
    ),
    "intermediate": Kind(
        "xtreme_bench.training.train:intermediate",
        "xtreme_bench.training.params:Intermediate",
        "intermediate training",
        phase="intermediate training",
        gpu=True,
        shared=True,
        aside=("checkpoint_seconds", "activations", "packing", "fsdp"),
        tells="dev",
    ),
    "finetune": Kind(
        "xtreme_bench.training.train:finetune",
        "xtreme_bench.training.params:Finetune",
        "fine-tune",
        phase="fine-tuning",
        curve="dev",
        gpu=True,
        shared=True,
        aside=("checkpoint_seconds", "activations", "packing", "fsdp"),
        tells="dev",
    ),
    "predict": Kind(
        "xtreme_bench.training.predict:predict",
        "xtreme_bench.training.params:Predict",
        "predict",
        gpu=True,
        shared=True,
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
        shared=True,
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
