"""Special tokens and segments are the tokenizer's own, in every family; lengths without room are errors."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import processors
from toy_training import ENGLISH, tiny_encoder, write_corpus
from transformers import BertConfig, BertModel

from xtreme_bench.data.corpora import Corpus, Limits
from xtreme_bench.errors import InputError
from xtreme_bench.retrieval.embed import tokenise as tokenise_sentences
from xtreme_bench.rows import Answer, ChoiceRow, PairRow, QuestionRow, TaggedRow
from xtreme_bench.training import pretrain
from xtreme_bench.training.batching import collate
from xtreme_bench.training.examples import Examples
from xtreme_bench.training.families import choice, classification, qa, tagging
from xtreme_bench.training.features import tokenise
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.frames import frame

LIMITS = Limits(max_length=24, stride=6)
# What two texts are put into, and whether the second one is in a segment of its own.
FRAMES = {
    "xlm-r": (processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]), False),
    "roberta": (processors.RobertaProcessing(("</s>", 2), ("<s>", 0)), False),
    "bert": (processors.BertProcessing(("</s>", 2), ("<s>", 0)), True),
    "bert template": (processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 2)]), True),
}  # fmt: skip
ROWS: dict[str, tuple[Any, list[Any]]] = {
    "classification": (classification, [PairRow("0", "cat sees Bob", "a dog", "no"), PairRow("1", "a", "b", "yes")]),
    "choice": (choice, [ChoiceRow("0", "cat", ("dog", "a big bird"), 1), ChoiceRow("1", "a", ("b",), 0)]),
    "qa": (qa, [QuestionRow("0", "who sees", " ".join(ENGLISH), (Answer(0, "cat"),))]),
}


def tokenizer_of(kind: str) -> Any:
    tokenizer = tiny_encoder().tokenizer
    tokenizer.backend_tokenizer.post_processor = FRAMES[kind][0]
    return tokenizer


def two_segments(tokenizer: Any) -> Encoder:
    """A BERT with two rows of segments, as multilingual MiniLM and e5 have, whatever its tokenizer."""
    sizes = {"vocab_size": 320, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return Encoder(BertModel(BertConfig(**sizes, intermediate_size=8), add_pooling_layer=False), tokenizer)


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("family", ROWS)
def test_pairs_have_the_special_tokens_and_segments_of_the_tokenizer(tmp_path: Path, kind: str, family: str) -> None:
    tokenizer, rows = tokenizer_of(kind), ROWS[family][1]
    corpus = Corpus("x", family, ("no", "yes"), LIMITS, {"train": lambda dropped: iter(rows)})
    examples = tokenise(corpus, "train", tokenizer, tmp_path / "x", Counter(), 1)
    assert isinstance(examples, Examples)
    for example in examples:
        batch = collate([example], two_segments(tokenizer))
        segments = torch.zeros_like(batch.ids) if batch.segments is None else batch.segments
        assert batch.mask is not None
        for ids, mask, own in zip(batch.ids, batch.mask, segments, strict=True):
            # What the tokenizer makes of the two texts in it, with its own special tokens.
            inner = tokenizer.backend_tokenizer.encode("a", "a")
            marks = [at for at, special in enumerate(inner.special_tokens_mask) if special]
            length, specials = int(mask.sum()), [inner.ids[at] for at in marks]
            assert [token for token in ids[:length].tolist() if token in (0, 2)] == specials
            last_of_first = ids[:length].tolist().index(2)
            expected = [int(FRAMES[kind][1] and at > last_of_first) for at in range(length)]
            assert own[:length].tolist() == expected
            assert not own[length:].any()
    assert (collate(list(examples), two_segments(tokenizer)).segments is not None) == FRAMES[kind][1]


@pytest.mark.parametrize("kind", FRAMES)
def test_single_texts_are_in_segment_0_and_end_as_the_tokenizer_ends_them(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    (example,) = tagging.features([TaggedRow("0", ("cat", "sees"), ("no", "no"))], tokenizer, ("no",), LIMITS)
    assert example.segments is None
    assert example.sequences[0].tolist() == tokenizer("cat sees")["input_ids"]
    (ids,), cut = tokenise_sentences(tokenizer, [" ".join(ENGLISH)], 7)
    assert (len(ids), ids[0], ids[-1], cut.tolist()) == (7, 0, 2, [True])


def test_a_tokenizer_without_a_first_special_token_is_refused() -> None:
    tokenizer = tiny_encoder().tokenizer
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)]
    )
    for texts in (1, 2):
        with pytest.raises(InputError, match=r"does not put . text\(s\) one after another behind a special token"):
            frame(tokenizer, texts)


def test_a_choice_keeps_the_end_of_its_prompt_where_the_question_stands() -> None:
    tokenizer = tiny_encoder().tokenizer
    row = ChoiceRow("0", " ".join(ENGLISH * 3) + " not near Bob", ("red house", "blue house"), 0)
    (example,) = choice.features([row], tokenizer, (), LIMITS)
    for ids, ending in zip(example.sequences, row.choices, strict=True):
        assert len(ids) == 24
        assert (
            tokenizer.decode(ids.tolist()).replace(" ", "").endswith(f"notnearBob</s></s>{ending.replace(' ', '')}</s>")
        )
    assert example.cut == ("prompts cut",)


@pytest.mark.parametrize(
    ("module", "row", "cut"),
    [
        (classification, PairRow("0", " ".join(ENGLISH), "a", "no"), {"pairs cut": 1}),
        (classification, PairRow("0", "cat", "dog", "no"), {}),
        (choice, ChoiceRow("0", " ".join(ENGLISH * 2), ("a", " ".join(ENGLISH * 2)), 0),
         {"prompts cut": 1, "choices cut": 1}),
        (choice, ChoiceRow("0", "a", ("a", "b"), 0), {}),
        (tagging, TaggedRow("0", ("cat", "dog" * 40, "bird" * 40), ("no", "no", "yes")), {"words cut": 2}),
        (tagging, TaggedRow("0", tuple(ENGLISH * 4), ("no",) * 80), {}),
        (qa, QuestionRow("0", " ".join(ENGLISH), " ".join(ENGLISH * 3), (Answer(0, "cat"),)), {"questions cut": 1}),
        (qa, QuestionRow("0", "who", " ".join(ENGLISH), (Answer(0, " ".join(ENGLISH)),)), {"answers in no window": 1}),
        (qa, QuestionRow("0", "who", " ".join(ENGLISH), (Answer(0, "cat"),)), {}),
        (qa, QuestionRow("0", "who", " ".join(ENGLISH)), {}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_counted_once_a_row(tmp_path: Path, module: Any, row: Any, cut: dict[str, int]) -> None:
    family = module.__name__.rpartition(".")[2]
    corpus = Corpus("x", family, ("no", "yes"), LIMITS, {"train": lambda dropped: iter([row])})
    counted: Counter[str] = Counter()
    tokenise(corpus, "train", tiny_encoder().tokenizer, tmp_path / "x", Counter(), 1, cut=counted)
    assert counted == cut


@pytest.mark.parametrize(
    ("module", "limits", "message"),
    [
        (qa, Limits(8, 4), "max_length 8 leaves no room for a context beside 4 tokens of a question and 4 special "
         "tokens: set it to 9 or more"),
        (qa, Limits(0, 4), "set it to 9 or more"),
        (qa, Limits(24, 0), "stride 0 never reaches the end of a context: set it to 1 or more"),
        (qa, Limits(24, -3), "stride -3 never reaches the end"),
        (classification, Limits(5), "max_length 5 leaves no room for two texts beside 4 special tokens: set it to 6"),
        (classification, Limits(-2), "max_length -2 leaves no room"),
        (choice, Limits(5), "max_length 5 leaves no room for two texts"),
        (tagging, Limits(2), "max_length 2 leaves no room for a word beside 2 special tokens: set it to 3 or more"),
    ],
)  # fmt: skip
def test_a_length_without_room_is_an_error_that_names_the_room_needed(
    module: Any, limits: Limits, message: str
) -> None:
    family = module.__name__.rpartition(".")[2]
    rows = {**ROWS, "tagging": (tagging, [TaggedRow("0", ("a",), ("no",))])}[family][1]
    with pytest.raises(InputError, match=message):
        module.features(rows, tiny_encoder().tokenizer, ("no", "yes"), limits)


@pytest.mark.parametrize("length", range(9, 40))
@pytest.mark.parametrize("stride", [1, 5, 100])
def test_windows_of_any_length_with_room_cover_the_context(length: int, stride: int) -> None:
    rows = [
        QuestionRow("0", " ".join(ENGLISH), " ".join(ENGLISH * 2)),
        QuestionRow("1", "", "a"),
        QuestionRow("2", "", ""),
    ]
    tokenizer = tiny_encoder().tokenizer
    examples = qa.features(rows, tokenizer, (), Limits(length, stride))
    assert max(example.length for example in examples) <= length
    covered = {int(place) for example in examples if example.row == 0 for place in np.asarray(example.extra)}
    assert {0, len(rows[0].context)} <= covered
    assert [example.row for example in examples if example.row] == [1, 2]


@pytest.mark.parametrize(("sides", "length"), [(1, 2), (2, 5), (2, 0)])
def test_pretraining_without_room_is_an_error(tmp_path: Path, sides: int, length: int) -> None:
    write_corpus(tmp_path)
    lines = (tmp_path / "text/en.txt").read_text().splitlines()
    with pytest.raises(InputError, match=rf"max_length {length} leaves no room for {sides} text\(s\)"):
        pretrain.pack([lines] * sides, tiny_encoder(), length, np.random.default_rng(0))
