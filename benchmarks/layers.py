"""Tatoeba and BUCC at every layer of the encoders of finished runs, for the page of findings.

    python benchmarks/layers.py BUNDLES --store STORE --json docs/findings/nli/layers.json

The encoders, the sentences and the gold labels are in the store of the runs. All layers come from one pass, so that a
curve costs about what one layer does. What the file has stays, so that runs can be added. BUCC is scored on its
development pairs, which may choose a layer; Tatoeba has none, so its curve may not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xtreme_bench.bundle.paths import MANIFEST
from xtreme_bench.bundle.write import read_manifest
from xtreme_bench.data.targets import read_tatoeba
from xtreme_bench.files import write_json
from xtreme_bench.official.gold import gold_path, read_gold
from xtreme_bench.released.packages import PACKAGES, found
from xtreme_bench.retrieval import mining
from xtreme_bench.retrieval.embed import embed, open_encoder
from xtreme_bench.retrieval.layers import score_layers
from xtreme_bench.retrieval.params import Layers
from xtreme_bench.stage.job import Job
from xtreme_bench.stage.store import Store


def tatoeba(data: Path, labels: Path, encoder: Path, params: Layers) -> list[float]:
    """Accuracy in percent at each layer (0 = embeddings), the mean over languages."""
    opened = open_encoder({"encoder": encoder}, params)
    corpora = {code: read_tatoeba(data, code) for code in params.languages}
    sides = [rows for pair in corpora.values() for rows in pair]
    width, scores = opened.width // opened.layers, []
    with TemporaryDirectory() as folder:
        whole = embed([row.text for rows in sides for row in rows], opened, Path(folder))
        at = 0
        for code, (foreign, english) in corpora.items():
            theirs, ours = whole.part(at, at + len(foreign)), whole.part(at + len(foreign), at := at + 2 * len(english))
            right = read_gold(
                _there(gold_path(labels, "tatoeba", code), f"{labels}: gold labels, {code}"), "tatoeba", code
            )
            one = []
            for begin in range(0, opened.width, width):
                both = [side.vectors[side.rows][:, begin : begin + width] for side in (ours, theirs)]
                near = [foreign[place].id for place in mining.nearest(*both).tolist()]
                one.append(100 * sum(map(str.__eq__, near, right)) / len(right))
            scores.append(one)
    return _means(scores)


def bucc2018(data: Path, labels: Path, encoder: Path, params: Layers) -> list[float]:
    """The best F1 in percent on development pairs at each layer, the mean over languages; needs no other labels."""
    with TemporaryDirectory() as folder:
        out, work = Path(folder, "out"), Path(folder, "work")
        out.mkdir()
        work.mkdir()
        facts = score_layers(Job(params, {"data": data, "encoder": encoder}, out, work))
    return _means(facts["bucc2018_dev_f1"].values())


CURVES = {"tatoeba": tatoeba, "bucc2018": bucc2018}


def exact(retrieval: Mapping[str, Any], languages: Sequence[str]) -> Layers:
    """All layers in fp32, else as `retrieval` of a recipe has it."""
    settings = {name: retrieval[name] for name in ("pooling", "max_length")}
    alike = {"layer": None, "precision": "fp32", "min_cosine": None, "provider": "torch", "device": "cpu", "threads": 1}
    return Layers(**settings, **alike, languages=tuple(languages))


def _means(scores: Iterable[Sequence[float]]) -> list[float]:
    return [round(sum(layer) / len(layer), 4) for layer in zip(*scores, strict=True)]


def _there(path: Path | None, what: str) -> Path:
    if path is None:
        raise SystemExit(f"{what}: not there; run the recipe again in this store")
    return path


def of_run(manifest: Mapping[str, Any], store: Store) -> dict[str, list[float]]:
    """The curve of each target of a run, from what its stages left in the store."""
    keys = {stage["kind"]: stage["key"] for stage in manifest["stages"]}
    recipe = manifest["recipe"]
    if "intermediate" in keys:
        encoder = store.out(keys["intermediate"])
    else:
        encoder = _there(found(PACKAGES[recipe["model"]["package"]]), "the encoder")
    data, labels = (store.out(keys[kind]) for kind in ("release_corpus", "release_labels"))
    return {
        task: curve(data, labels, encoder, exact(recipe["retrieval"], target["languages"]))
        for task, curve in CURVES.items()
        if (target := recipe["targets"].get(task))
    }


def main() -> None:
    """Add the curves of the runs that the file does not have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, help="folder with bundles, at any depth")
    parser.add_argument("--store", type=Path, required=True, help="the store of the runs")
    parser.add_argument("--json", type=Path, required=True, help="a file for the page of findings")
    given = parser.parse_args()
    known = json.loads(given.json.read_text(encoding="utf-8"))["runs"] if given.json.is_file() else []
    runs = {(run["arm"], run["seed"]): run for run in known}
    # The bundles of a run with its retrieval at several layers have one encoder.
    for manifest in map(read_manifest, sorted(path.parent for path in given.bundles.rglob(MANIFEST))):
        name = manifest["name"], manifest["seed"]
        if name not in runs:
            runs[name] = {"arm": name[0], "seed": name[1], "by_layer": of_run(manifest, Store(given.store))}
            write_json(given.json, {"runs": [runs[key] for key in sorted(runs)]})
            print(*name, runs[name]["by_layer"], flush=True)


if __name__ == "__main__":
    main()
