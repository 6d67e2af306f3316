"""What is trained on and tested on, by corpora and languages: what an audit compares and a recipe needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TextUse:
    """Text that is read, by language, and the languages whose translations into English are read too."""

    languages: tuple[str, ...]
    translated: tuple[str, ...]


@dataclass(frozen=True)
class Usage:
    """Languages by target, intermediate task and source of fine-tuning, and the text whose words are masked.

    `aligned` are the languages of tasks over aligned text, which no audit compares: they have no place in the layout.
    `select_on` are the languages of the development data of intermediate tasks.
    """

    targets: Mapping[str, tuple[str, ...]]
    pretraining: TextUse | None
    intermediate: Mapping[str, tuple[str, ...]]
    aligned: Mapping[str, tuple[str, ...]]
    finetuning: Mapping[str, tuple[str, ...]]
    select_on: tuple[str, ...]
