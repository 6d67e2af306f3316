"""The grammars of the small world: every language that is there, and sentences a native speaker would accept."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_bench.miniature import languages
from xtreme_bench.miniature.grammar import Token, arrange, link, spell, words
from xtreme_bench.miniature.realise import LANGUAGES, answer, join, realise, text
from xtreme_bench.miniature.sample import TIME_OF_TENSE, sentence
from xtreme_bench.miniature.speech import Joined
from xtreme_bench.miniature.world import CONCEPTS, DEFAULT_OBJECTS, NP, OBJECTS, SUBSETS, Clause

PRESENT = [code for code in LANGUAGES if (Path(languages.__file__).parent / f"{code}.py").exists()]
UPOS = {"DET", "NOUN", "PROPN", "VERB", "AUX", "ADJ", "ADP", "PRON", "NUM", "ADV", "PART", "CCONJ", "SCONJ", "PUNCT"}
# wrote and books, ate and seven, will eat and food: real words of different parts of speech
HOMOGRAPHS = {"ar": {"كتب"}, "tr": {"yedi", "yiyecek"}}
KINDS = (
    "transitive",
    "ditransitive",
    "intransitive",
    "motion",
    "cognition",
    "adjective",
    "complement",
    "place",
    "have",
)

ANNA = NP("anna", family="rossi")
SINGER = Clause("be", NP("tina"), complement=NP("singer", adjective="good", definite=False), tense="past")
GIFT = Clause("give", ANNA, NP("book", adjective="red"), NP("teacher"), time="yesterday", tense="past", negated=True)
BOUGHT = Clause("buy", NP("bruno"), NP("bread", adjective="white", number=5), tense="past")


def table(code: str) -> dict[str, dict[str, str]]:
    """The word table of a language."""
    words_of: dict[str, dict[str, str]] = importlib.import_module(f"xtreme_bench.miniature.languages.{code}").WORDS
    return words_of


def slot(c: Clause, code: str, name: str, *tags: str) -> str:
    """The words that one slot of a clause has, those with the given tags or all."""
    found = [token for token in realise(c, code) if token.slot == name and (not tags or token.upos in tags)]
    return " ".join(token.text for token in found).casefold()


def spoken(code: str, kind: str, key: str) -> set[str]:
    """The forms in which a concept is heard: in the singular and plural, in each tense, as subject and as object."""
    tenses, numbers = ("present", "past", "future"), (1, 2, 5)
    if kind in {"given", "city"}:
        return {slot(Clause("see", ANNA, NP(key)), code, "object", "PROPN")}
    if kind in {"animal", "food", "object", "role", "site", "organisation", "class"}:
        return {slot(Clause("see", ANNA, NP(key, number=n)), code, "object", "NOUN") for n in numbers} | {
            slot(Clause("fall", NP(key, number=n)), code, "subject", "NOUN") for n in numbers
        }
    if kind in {"transitive", "ditransitive", "intransitive", "motion", "cognition"}:
        rest = {
            "transitive": {"object": NP("book")},
            "ditransitive": {"object": NP("book"), "recipient": NP("marco")},
            "cognition": {"content": Clause("sleep", NP("marco"))},
        }.get(kind, {})
        subjects = (ANNA, NP("marco"), NP("teacher", number=2))
        return {slot(Clause(key, who, tense=tense, **rest), code, "verb") for who in subjects for tense in tenses}
    if kind == "adjective":
        return {slot(Clause("be", NP(head), adjective=key), code, "adjective") for head in ("book", "chair", "cat")}
    if kind == "number":
        count = CONCEPTS["number"].index(key) + 2
        return {slot(Clause("see", ANNA, NP(head, number=count)), code, "object", "NUM") for head in ("book", "chair")}
    if kind in {"time", "daytime"}:
        return {slot(Clause("sleep", ANNA, **{kind: key}), code, kind)}
    return {table(code)[key]["lemma"]}


def some_noun(rng: random.Random, *kinds: str) -> NP:
    kind = rng.choice(kinds)
    head = rng.choice(SUBSETS.get(kind) or CONCEPTS[kind])
    if kind == "given":
        return NP(head, family=rng.choice([None, *CONCEPTS["family"]]))
    if kind == "organisation":
        return NP(head, city=rng.choice(CONCEPTS["city"]))
    if kind == "city":
        return NP(head)
    return NP(head, adjective=rng.choice([None, *CONCEPTS["adjective"]]), number=rng.choice([1, 1, 2, 3, 5, 8]))


def some_place(rng: random.Random) -> NP:
    return replace(some_noun(rng, "site", "city", "organisation", "object"), number=1)


def some_clause(rng: random.Random, *, depth: int = 0) -> Clause:
    kind = rng.choice(KINDS)
    subject = some_noun(rng, "given", "role", "animal")
    facts = {
        "time": rng.choice([None, *CONCEPTS["time"]]),
        "daytime": rng.choice([None, None, *CONCEPTS["daytime"]]),
        "tense": rng.choice(["present", "past", "future"]),
        "negated": rng.random() < 0.4,
    }
    if kind in {"transitive", "have"}:
        verb = "have" if kind == "have" else rng.choice(CONCEPTS["transitive"])
        return Clause(verb, subject, some_noun(rng, *OBJECTS.get(verb, DEFAULT_OBJECTS)), **facts)
    if kind == "ditransitive":
        recipient = some_noun(rng, "given", "role")
        return Clause(rng.choice(CONCEPTS[kind]), subject, some_noun(rng, "object", "food"), recipient, **facts)
    if kind in {"intransitive", "motion"}:
        return Clause(rng.choice(CONCEPTS[kind]), subject, place=some_place(rng), **facts)
    if kind == "cognition" and depth == 0:
        return Clause(rng.choice(CONCEPTS[kind]), subject, content=some_clause(rng, depth=1), **facts)
    if kind == "complement":
        subject = replace(some_noun(rng, "given", "animal", "object"), number=1)
        head = rng.choice([*CONCEPTS["role"], *CONCEPTS["class"]])
        return Clause("be", subject, complement=NP(head, definite=False), **facts)
    if kind == "place":
        return Clause("be", subject, place=some_place(rng), **facts)
    return Clause("be", subject, adjective=rng.choice(CONCEPTS["adjective"]), **facts)


def variants(c: Clause) -> list[Clause]:
    """The clause with one thing changed that changes what it says."""
    changed = [replace(c, tense=tense) for tense in ("present", "past", "future")]
    changed += [replace(c, negated=not c.negated), replace(c, asks="polar"), replace(c, time="today")]
    if c.object and c.object.head not in CONCEPTS["given"]:
        changed.append(replace(c, object=replace(c.object, number=c.object.number + 1)))
    if c.object:
        changed.append(replace(c, subject=c.object, object=c.subject))
    if c.recipient:
        changed.append(replace(c, subject=c.recipient, recipient=c.subject))
    if c.subject.head not in CONCEPTS["given"]:
        changed.append(replace(c, subject=replace(c.subject, number=c.subject.number + 1)))
    if c.content:
        changed += [replace(c, content=inner) for inner in variants(replace(c.content, time=c.time)) if not inner.asks]
    return [other for other in changed if other != c]


def test_every_language_of_the_list_has_a_grammar():
    assert list(LANGUAGES) == PRESENT


@pytest.mark.parametrize("code", PRESENT)
def test_a_language_has_a_word_for_every_concept(code):
    assert not {key for keys in CONCEPTS.values() for key in keys} - table(code).keys()


@pytest.mark.parametrize("code", PRESENT)
def test_two_concepts_never_share_a_form(code):
    owner: dict[str, str] = {}
    shared = []
    for kind, keys in CONCEPTS.items():
        for key in keys if kind != "family" else ():
            for form in spoken(code, kind, key) - {""}:
                if owner.setdefault(form, key) != key and form not in HOMOGRAPHS.get(code, ()):
                    shared.append((form, owner[form], key))
    assert not shared


@pytest.mark.parametrize("code", PRESENT)
def test_clauses_that_differ_in_meaning_differ_in_words(code):
    rng = random.Random(7)
    said: dict[str, Clause] = {}
    for _ in range(300):
        c = some_clause(rng)
        for one in [c, *variants(c)]:
            sentence = text(realise(one, code), code)
            assert said.setdefault(sentence, one) == one, sentence


@pytest.mark.parametrize("code", PRESENT)
def test_sentences_are_clean_tokens_with_known_tags_and_slots(code):
    rng = random.Random(11)
    for _ in range(300):
        c = some_clause(rng)
        tokens = realise(c, code)
        assert {token.upos for token in tokens} <= UPOS
        assert tokens[-1].upos == "PUNCT"
        assert tokens[-1].glued
        assert all(token.slot for token in tokens[:-1])
        assert all(token.text and not set(token.text) & set(" _/@=") for token in tokens)
        assert any(token.slot == "subject" for token in tokens)
        assert any(token.slot.startswith("content.") for token in tokens) == (c.content is not None)


@pytest.mark.parametrize("code", PRESENT)
def test_names_of_people_cities_and_organisations_are_entities(code):
    c = Clause("work", ANNA, place=NP("university", city="arden"), tense="past")
    entities = {(token.slot, token.entity) for token in realise(c, code) if token.entity}
    assert entities == {("subject", "PER"), ("place", "ORG")}
    c = Clause("travel", NP("teacher"), place=NP("corva"), tense="past")
    assert {(token.slot, token.entity) for token in realise(c, code) if token.entity} == {("place", "LOC")}


@pytest.mark.parametrize("code", PRESENT)
def test_every_part_of_a_clause_can_be_asked_for(code):
    rng = random.Random(13)
    for _ in range(150):
        c = some_clause(rng)
        parts = [part for part in ("subject", "object", "recipient", "place", "time") if getattr(c, part)]
        parts += ["number"] if c.object and c.object.number > 1 else []
        statement = text(realise(c, code), code)
        questions = {text(realise(replace(c, asks=part), code), code) for part in parts}
        assert len(questions | {statement}) == len(parts) + 1
        for part in parts:
            short = answer(replace(c, asks=part), code)
            assert short, (part, statement)
            assert short in statement


@pytest.mark.parametrize("code", PRESENT)
@pytest.mark.parametrize("asks", ["subject", "object", "recipient", "place", "time", "number"])
def test_an_answer_stands_in_the_statement_and_not_in_the_question(code, asks):
    book = NP("book", adjective="red", number=3)
    c = Clause("send", ANNA, book, NP("doctor"), place=NP("corva"), time="yesterday", tense="past", asks=asks)
    short = answer(c, code)
    assert short
    assert short in text(realise(replace(c, asks=None), code), code)
    question = [token.text for token in realise(c, code)]
    assert not set(short.split()) <= set(question)


@pytest.mark.parametrize("code", PRESENT)
@pytest.mark.parametrize("connective", CONCEPTS["connective"])
def test_linked_clauses_are_one_sentence(code, connective):
    first, second = Clause("work", ANNA, tense="past"), Clause("rest", NP("marco"), tense="past", negated=True)
    tokens = join([first, second], connective, code)
    assert text(tokens, code) != text(join([second, first], connective, code), code)
    assert [token.upos for token in tokens].count("VERB") >= 2
    assert tokens[-1].upos == "PUNCT"
    assert [token.entity for token in tokens].count("PER") >= 3


SENTENCES = [
    (GIFT, "en", "Anna Rossi did not give the red book to the teacher yesterday."),
    (GIFT, "de", "Anna Rossi gab dem Lehrer gestern das rote Buch nicht."),
    (GIFT, "es", "Anna Rossi no dio el libro rojo al profesor ayer."),
    (GIFT, "ru", "Анна Росси вчера не дала учителю красную книгу."),
    (GIFT, "sw", "Anna Rossi hakumpatia mwalimu kitabu chekundu jana."),
    (Clause("know", ANNA, content=BOUGHT), "en", "Anna Rossi knows that Bruno bought five white loaves of bread."),
    (Clause("hope", ANNA, content=BOUGHT), "de", "Anna Rossi hofft, dass Bruno fünf weiße Brote kaufte."),
    (Clause("hope", ANNA, content=BOUGHT), "es", "Anna Rossi confía en que Bruno compró cinco panes blancos."),
    (Clause("think", ANNA, content=BOUGHT), "ru", "Анна Росси думает, что Бруно купил пять белых кусков хлеба."),
    (Clause("say", ANNA, content=BOUGHT), "sw", "Anna Rossi anasema kwamba Bruno alinunua mikate myeupe mitano."),
    (replace(GIFT, asks="recipient"), "en", "Who did Anna Rossi not give the red book to yesterday?"),
    (replace(GIFT, asks="recipient", negated=False), "de", "Wem gab Anna Rossi gestern das rote Buch?"),
    (replace(GIFT, asks="recipient"), "es", "¿A quién no dio Anna Rossi el libro rojo ayer?"),
    (replace(GIFT, asks="recipient"), "ru", "Кому Анна Росси вчера не дала красную книгу?"),
    (replace(GIFT, asks="recipient"), "sw", "Anna Rossi hakumpatia nani kitabu chekundu jana?"),
    (replace(GIFT, negated=False, place=NP("school"), object=NP("book")), "de",
     "Anna Rossi gab dem Lehrer gestern in der Schule das Buch."),
    (Clause("love", ANNA, NP("ivan"), place=NP("forest"), time="yesterday", tense="past"), "de",
     "Anna Rossi liebte Ivan gestern im Wald."),
    (Clause("come", ANNA, place=NP("school"), tense="past", asks="place"), "en", "Where did Anna Rossi come to?"),
    (Clause("go", ANNA, place=NP("school"), tense="past", asks="place"), "en", "Where did Anna Rossi go?"),
    (Clause("arrive", ANNA, place=NP("hospital"), tense="past"), "en", "Anna Rossi arrived at the hospital."),
    (Clause("arrive", ANNA, place=NP("corva"), tense="past"), "en", "Anna Rossi arrived in Corva."),
    (Clause("be", NP("lamp"), adjective="new", tense="past", asks="subject"), "es", "¿Qué era nuevo?"),
    (Clause("be", NP("lamp"), adjective="new", tense="past", asks="subject"), "sw", "Nini kilikuwa kipya?"),
    (Clause("paint", ANNA, NP("bird"), tense="past"), "ru", "Анна Росси нарисовала птицу."),
    (Clause("arrive", NP("doctor"), place=NP("station"), tense="future"), "de", "Der Arzt wird am Bahnhof eintreffen."),
    (Clause("return", NP("painter", number=3), place=NP("forest")), "de", "Drei Maler kehren in den Wald zurück."),
    (Clause("go", ANNA, place=NP("street"), tense="past"), "de", "Anna Rossi ging auf die Straße."),
    (Clause("buy", ANNA, NP("meat", adjective="bad", number=4)), "es",
     "Anna Rossi compra cuatro piezas de carne malas."),
    (Clause("have", ANNA, NP("dog", definite=False), negated=True), "de", "Anna Rossi hat keinen Hund."),
    (Clause("have", NP("teacher", number=2), NP("dog")), "ru", "У двух учителей есть собака."),
    (Clause("have", ANNA, NP("dog"), negated=True, tense="past"), "ru", "У Анны Росси не было собаки."),
    (Clause("wash", NP("marco"), NP("cow", adjective="old", number=2)), "ru", "Марко моет двух старых коров."),
    (Clause("love", NP("vera"), NP("ivan", family="petrov")), "es", "Vera ama a Iván Petrov."),
    (Clause("be", NP("cow", number=2), adjective="tired", tense="past"), "es", "Dos vacas estaban cansadas."),
    (SINGER, "de", "Tina war eine gute Sängerin."),
    (SINGER, "ru", "Тина была хорошей певицей."),
    (Clause("be", NP("egg"), adjective="old", asks="polar"), "en", "Is the egg old?"),
    (Clause("be", NP("knife"), place=NP("kitchen"), asks="place"), "sw", "Kisu kiko wapi?"),
    (Clause("eat", NP("dog", number=2), NP("egg", number=3), negated=True), "sw", "Mbwa wawili hawali mayai matatu."),
    (Clause("see", NP("cat", definite=False), NP("apple", definite=False)), "en", "A cat sees an apple."),
]  # fmt: skip


@pytest.mark.parametrize(("clause", "code", "sentence"), SENTENCES)
def test_a_sentence_reads_as_a_native_would_write_it(clause, code, sentence):
    assert text(realise(clause, code), code) == sentence


LINKED = [
    ("because", "en", "Anna Rossi slept because Ivan did not sing."),
    ("because", "de", "Anna Rossi schlief, weil Ivan nicht sang."),
    ("then", "de", "Anna Rossi schlief, dann sang Ivan nicht."),
    ("and", "es", "Anna Rossi durmió e Iván no cantó."),
    ("because", "ru", "Анна Росси спала, потому что Иван не пел."),
    ("but", "sw", "Anna Rossi alilala, lakini Ivan hakuimba."),
]


@pytest.mark.parametrize(("connective", "code", "sentence"), LINKED)
def test_linked_clauses_read_as_a_native_would_write_them(connective, code, sentence):
    clauses = [Clause("sleep", ANNA, tense="past"), Clause("sing", NP("ivan"), tense="past", negated=True)]
    assert text(join(clauses, connective, code), code) == sentence


def test_what_comes_then_is_told_in_the_tense_of_what_came_before():
    rng = random.Random(3)
    drawn = [sentence(rng) for _ in range(3000)]
    linked = [one for one in drawn if isinstance(one, Joined) and one.connective == "then"]
    assert len(linked) > 20
    assert all(one.first.tense == one.second.tense for one in linked)
    assert all(one.second.time in (None, TIME_OF_TENSE[one.second.tense]) for one in linked)


def test_a_clause_that_asks_for_a_part_it_lacks_is_refused():
    with pytest.raises(ValueError, match="asks for its place but has none"):
        realise(Clause("sleep", ANNA, asks="place"), "en")
    with pytest.raises(ValueError, match="its object is one"):
        realise(Clause("buy", ANNA, NP("book"), asks="number"), "en")
    with pytest.raises(ValueError, match="no words for an answer"):
        answer(Clause("sleep", ANNA, asks="polar"), "en")


def test_unknown_languages_and_connectives_are_refused_by_name():
    with pytest.raises(ValueError, match="no grammar for 'fr'"):
        realise(GIFT, "fr")
    with pytest.raises(ValueError, match="'although' is not one of"):
        join([GIFT, GIFT], "although", "en")


def test_a_word_table_names_its_columns_and_refuses_what_does_not_fit():
    table = words(": lemma plural\n# a comment\ndog dog dogs Kind=animal\nbread bread loaves_of/ADP_bread\n")
    assert table["dog"] == {"lemma": "dog", "plural": "dogs", "Kind": "animal"}
    assert [token.upos for token in spell(table["bread"]["plural"], "NOUN")] == ["NOUN", "ADP", "NOUN"]
    with pytest.raises(ValueError, match="twice"):
        words("dog dog\ndog hound")
    with pytest.raises(ValueError, match="2 forms"):
        words("dog dog dogs")


def test_arranging_keeps_the_slots_of_embedded_and_linked_clauses_apart():
    inner = [Token("she", "PRON", "subject")]
    parts = {"verb": spell("says", "VERB"), "content": [*spell("that", "SCONJ"), *inner]}
    assert [token.slot for token in arrange("verb content", parts)] == ["verb", "content", "content.subject"]
    assert [token.slot for token in link([inner, inner], spell("and", "CCONJ"))] == ["subject", "", "2.subject"]
    with pytest.raises(ValueError, match="leaves out"):
        arrange("verb", parts)
