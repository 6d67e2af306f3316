"""What is trained on and tested on, by corpora and languages: what an audit compares and a recipe needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TextUse:
    """The text of pretraining, and whether translations are used too."""

    languages: tuple[str, ...]
    translation: bool


@dataclass(frozen=True)
class Usage:
    """Languages by target and by intermediate task, the text of pretraining, and the sources of fine-tuning.

    `select_on` are the languages of the development data of intermediate tasks.
    """

    targets: Mapping[str, tuple[str, ...]]
    pretraining: TextUse | None
    intermediate: Mapping[str, tuple[str, ...]]
    finetuning: tuple[str, ...]
    select_on: tuple[str, ...]
