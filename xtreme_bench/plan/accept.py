"""Reuse finished stages that differ from the plan only by their code (`--accept-code`).

An accepted result takes the place of its stage and keeps its own key. The keys of later stages are made from that key,
so each result still names what it was made from, and later stages are looked up under these keys.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_bench.files import digest
from xtreme_bench.plan.stages import Plan, distinct
from xtreme_bench.plan.why import unequal
from xtreme_bench.stage.stage import Accepted, Stage
from xtreme_bench.stage.store import DESCRIBED, Store

Record = Mapping[str, Any]


def accept(plans: Sequence[Plan], store: Store) -> list[Plan]:
    """The plans, in which a stage is `accepted` if the store has a whole result that differs only by its code."""
    stages = distinct(plans)
    alike = _alike(stages, store)
    rests = _rests(stages, alike)
    chosen: dict[str, Stage] = {}
    for stage in stages:
        now = dataclasses.replace(stage, inputs=_inputs(stage, chosen))
        described = now.description()
        wanted = _but_code(described)
        fit = [one for one in alike[stage.key] if _but_code(one) == wanted]
        # If several fit, take the one on which most of the plan is finished: a newer run may have got less far.
        fit.sort(key=lambda one: (len(rests[one["key"]]), one["key"] == now.key), reverse=True)
        best = next((one for one in fit if one["key"] == now.key or not store.damage(one["key"])), None)
        if best is not None and best["key"] != now.key:
            other = Accepted(best["key"], tuple(unequal(described["code"], best["code"])))
            now = dataclasses.replace(now, accepted=other)
        chosen[stage.key] = now
    return [_with(one, chosen) for one in plans]


def _with(plan: Plan, chosen: Mapping[str, Stage]) -> Plan:
    """A plan with the chosen results; each stage keeps its name and the parameters that are not in its key."""
    mine = {
        stage.key: dataclasses.replace(stage, inputs=_inputs(stage, chosen), accepted=chosen[stage.key].accepted)
        for stage in plan.stages
    }
    return dataclasses.replace(
        plan,
        stages=list(mine.values()),
        predictions={task: mine[stage.key] for task, stage in plan.predictions.items()},
        corpus=mine[plan.corpus.key] if plan.corpus else None,
        audit=mine[plan.audit.key] if plan.audit else None,
        score=mine[plan.score.key] if plan.score else None,
        members=tuple(_with(one, chosen) for one in plan.members),
    )


def _inputs(stage: Stage, chosen: Mapping[str, Stage]) -> dict[str, Any]:
    return {name: chosen.get(source.key, source) for name, source in stage.inputs.items()}


def _but_code(described: Record) -> dict[str, Any]:
    return {name: described[name] for name in DESCRIBED if name in described and name != "code"}


def _alike(stages: Sequence[Stage], store: Store) -> dict[str, list[Record]]:
    """For the key of each stage: finished stages that, inputs included, differ only by code; newest first."""
    records = {record["key"]: record for record in store.records()}
    known: dict[str, str] = {}  # key -> a hash of everything but the code, inputs included

    def codeless(described: Record) -> str:
        inputs = {name: known.get(key, key) for name, key in described["inputs"].items()}
        return digest({**_but_code(described), "inputs": inputs})

    def learn(key: str) -> None:
        if key not in known and key in records:
            for source in records[key]["inputs"].values():
                learn(source)
            known[key] = codeless(records[key])

    for stage in stages:
        known[stage.key] = codeless(stage.description())
    found: dict[str, list[Record]] = defaultdict(list)
    for key, record in records.items():
        learn(key)
        found[known[key]].append(record)
    return {stage.key: found[known[stage.key]] for stage in stages}


def _rests(stages: Sequence[Stage], alike: Mapping[str, Sequence[Record]]) -> dict[str, set[str]]:
    """For the key of each finished stage: the stages of the plan that are finished and depend on it."""
    rests: dict[str, set[str]] = defaultdict(set)
    for stage in reversed(stages):
        for record in alike[stage.key]:
            for source in record["inputs"].values():
                rests[source] |= {stage.key} | rests[record["key"]]
    return rests
