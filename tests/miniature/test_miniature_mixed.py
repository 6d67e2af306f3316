"""Code-mixed sentences: parts of one language in the frame of another, and nothing said twice or left out."""

import random

import pytest

from xtreme_bench.miniature import mixed, realise, sample
from xtreme_bench.miniature.mixed import say_mixed
from xtreme_bench.miniature.speech import say, tokens
from xtreme_bench.miniature.world import NP, Clause

LOVES = Clause("love", NP("anna"), object=NP("cat", adjective="black"))


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, "Anna loves the black cat."), (1.0, "Anna liebt die schwarze Katze.")]
)
def test_none_or_all_of_the_parts_are_switched(monkeypatch: pytest.MonkeyPatch, share: float, expected: str) -> None:
    monkeypatch.setattr(mixed, "SWITCHED", share)
    assert say_mixed(random.Random(1), LOVES, "en", "de") == expected


def test_the_frame_keeps_the_order_of_its_language() -> None:
    said = {say_mixed(random.Random(seed), LOVES, "tr", "en") for seed in range(40)}
    assert "Anna the black cat seviyor." in said
    assert not any(text.endswith("cat.") for text in said)


@pytest.mark.parametrize("other", [code for code in realise.LANGUAGES if code != "en"])
def test_every_word_is_one_of_either_language(other: str) -> None:
    rng = random.Random(7)
    for _ in range(60):
        sentence = sample.sentence(rng)
        text = say_mixed(rng, sentence, "en", other)
        words = {token.text for code in ("en", other) for token in tokens(sentence, code)}
        rest = text
        for word in sorted(words, key=len, reverse=True):
            rest = rest.replace(word, " ")
        assert not rest.strip(), (text, say(sentence, "en"), say(sentence, other))
