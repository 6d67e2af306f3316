"""Swahili. Simplifications: object markers only for people; places of all kinds with "kwenye", cities with "mjini"."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.miniature.grammar import (
    Token,
    arrange,
    is_human,
    latin_names,
    name_of,
    numeral,
    spell,
    verb_of,
    words,
)
from xtreme_bench.miniature.world import CATEGORY, NP, Clause

SPACES = True

# Class is the noun class of the singular; animals agree like people. Stem takes the prefixes of adjectives, Of follows
# "-a", With follows "-enye". Names of men take -i or -u; "leo" is today, hence "Leon".
# eat_soup: see `verb_of`.
TABLE = """
adam Adamu
david Daudi
karim Karimu
leo Leon
omar Omari
paul Paulo
tomas Tomasi
: lemma plural Class
dog mbwa mbwa 1
cat paka paka 1
horse farasi farasi 1
bird ndege ndege 1
cow ng'ombe ng'ombe 1
sheep kondoo kondoo 1
fish samaki samaki 1
rabbit sungura sungura 1
goat mbuzi mbuzi 1
duck bata bata 1
apple tufaha matufaha 5
bread mkate mikate 3
cheese jibini jibini 9
rice mchele michele 3
egg yai mayai 5
soup supu supu 9
cake keki keki 9
orange chungwa machungwa 5
meat nyama nyama 9
tomato nyanya nyanya 9
book kitabu vitabu 7
letter barua barua 9
knife kisu visu 7
lamp taa taa 9
key ufunguo funguo 11
table meza meza 9
chair kiti viti 7
box sanduku masanduku 5
bottle chupa chupa 9
hat kofia kofia 9
coat koti makoti 5
ring pete pete 9
picture picha picha 9
clock saa saa 9
bag mfuko mifuko 3
bicycle baiskeli baiskeli 9
teacher mwalimu walimu 1
doctor daktari madaktari 1
farmer mkulima wakulima 1
student mwanafunzi wanafunzi 1
driver dereva madereva 1
cook mpishi wapishi 1
nurse muuguzi wauguzi 1
writer mwandishi waandishi 1
painter mchoraji wachoraji 1
soldier mwanajeshi wanajeshi 1
merchant mfanyabiashara wafanyabiashara 1
singer mwimbaji waimbaji 1
house nyumba nyumba 9
garden bustani bustani 9
market soko masoko 5
school shule shule 9
station kituo vituo 7
hospital hospitali hospitali 9
library maktaba maktaba 9
kitchen jiko majiko 5
forest msitu misitu 3
street mtaa mitaa 3
bank benki benki 9 org=Benki_ya/ADP_@
museum makumbusho makumbusho 6 org=Makumbusho_ya/ADP_@
university chuo_kikuu/ADJ vyuo_vikuu/ADJ 7 org=Chuo_Kikuu_cha/ADP_@
factory kiwanda viwanda 7 org=Kiwanda_cha/ADP_@
person mtu watu 1
animal_class mnyama wanyama 1
food_class chakula vyakula 7
thing kitu vitu 7
: lemma
see ona
buy nunua
sell uza
find pata
lose poteza
eat la
eat_soup nywa
cook_verb pika
read soma
write andika
clean safisha
carry beba
open fungua
close funga
break vunja
paint chora
wash osha
love penda
hate chukia
need hitaji
hide ficha
choose chagua
forget sahau
give patia
show onyesha
send tumia
bring letea
sleep lala
laugh cheka
cry lia
work fanya_kazi/NOUN
sing imba
dance cheza
wait subiri
rest pumzika
fall anguka
smile tabasamu
go enda
come ja
run kimbia
travel safiri
return rudi
arrive fika
say sema
think fikiri
know jua
hope tumaini
believe amini
be wa
: Stem 9 5
big kubwa kubwa
small dogo ndogo
new pya mpya jipya
red ekundu
white eupe
black eusi
good zuri nzuri
bad baya mbaya
dirty chafu chafu
two wili mbili
three tatu tatu
four nne nne
five tano tano
eight nane nane
how_many ngapi ngapi
: lemma
old Of=zamani
blue Of=bluu
green Of=kijani
happy With=furaha
sad With=huzuni
tired With=uchovu
hungry With=njaa
strong With=nguvu
weak dhaifu
expensive ghali
cheap rahisi
clean_adj safi
six sita
seven saba
nine tisa
ten kumi
yesterday jana
today leo
tomorrow kesho
morning asubuhi
evening jioni
night usiku
and na
but ,_lakini
because kwa_sababu
then ,_kisha
"""
# noun class -> subject prefix; adjective prefix before a consonant and before a vowel; "-a" and "-enye"
CLASSES = {
    1: "a m mw wa mwenye",
    2: "wa wa w wa wenye",
    3: "u m mw wa wenye",
    4: "i mi my ya yenye",
    5: "li - j la lenye",
    6: "ya ma m ya yenye",
    7: "ki ki ch cha chenye",
    8: "vi vi vy vya vyenye",
    9: "i n ny ya yenye",
    10: "zi n ny za zenye",
    11: "u m mw wa wenye",
}
PLURAL = {1: 2, 3: 4, 5: 6, 6: 6, 7: 8, 9: 10, 11: 10}
MONOSYLLABIC = {"la", "ja", "wa", "nywa"}
TENSES = {"present": "na", "past": "li", "future": "ta"}
ORDER = "verb.je subject verb recipient object adjective complement place time daytime content"


def inflect(entry: dict[str, str]) -> dict[str, str]:
    """Add the form for every noun class ("1" to "11") to an adjective or numeral; forms given in the table win."""
    out = {}
    for number, forms in CLASSES.items():
        _, consonant, vowel, of, having = forms.split()
        if "Of" in entry:
            out[str(number)] = f"{of}/ADP {entry['Of']}"
        elif "With" in entry:
            out[str(number)] = f"{having} {entry['With']}/NOUN"
        elif "Stem" in entry:
            prefix = vowel if entry["Stem"][0] in "aeiou" else consonant.strip("-")
            out[str(number)] = entry.get("9", "ny" + entry["Stem"]) if number in {9, 10} else prefix + entry["Stem"]
    return out | entry


WORDS = latin_names() | {key: inflect(entry) for key, entry in words(TABLE).items()}


def clause(c: Clause) -> list[Token]:
    """Say a clause: subject, verb with its prefixes, recipient, object, place, time; question words stay in place."""
    parts = {"subject": noun_phrase(c.subject), "verb": _verb(c)}
    if c.recipient:
        parts["recipient"] = noun_phrase(c.recipient)
    if c.object:
        parts["object"] = noun_phrase(c.object, how_many=c.asks == "number")
    if c.adjective:
        parts["adjective"] = agree(c.adjective, _subject_class(c), "ADJ")
    if c.complement:
        parts["complement"] = noun_phrase(c.complement)
    if c.place:
        parts["place"] = _place(c, c.place)
    if c.time:
        parts["time"] = spell(WORDS[c.time]["lemma"], "ADV")
    if c.daytime:
        parts["daytime"] = spell(WORDS[c.daytime]["lemma"], "NOUN")
    if c.content:
        parts["content"] = [*spell("kwamba", "SCONJ"), *clause(replace(c.content, asks=None))]
    if c.asks == "polar":
        parts["verb.je"] = spell("je ,", "PART")
    elif c.asks not in {None, "number"}:
        part = "daytime" if c.asks == "time" and c.time is None else str(c.asks)
        parts[part] = _question_word(part, getattr(c, part))
    return arrange(ORDER, parts)


def noun_phrase(np: NP, *, how_many: bool = False) -> list[Token]:
    """Noun, adjective, numeral; or a name."""
    if name := name_of(np, WORDS):
        return name
    tokens = spell(WORDS[np.head]["plural" if np.number > 1 else "lemma"], "NOUN")
    if np.adjective:
        tokens += agree(np.adjective, noun_class(np), "ADJ")
    if how_many:
        tokens += [token._replace(answer=False) for token in agree("how_many", noun_class(np), "ADJ")]
    elif np.number > 1:
        tokens += agree(numeral(np.number), noun_class(np), "NUM")
    return tokens


def noun_class(np: NP) -> int:
    """The class that agrees with a noun phrase; cities are of class 9 like "the town"."""
    singular = int(WORDS[np.head].get("Class", "9" if CATEGORY[np.head] == "city" else "1"))
    return PLURAL[singular] if np.number > 1 else singular


def _subject_class(c: Clause) -> int:
    """The class that agrees with the subject, or with the question word for it: "nani" is of class 1, "nini" of 7."""
    if c.asks != "subject":
        return noun_class(c.subject)
    return 1 if is_human(c.subject) else 7


def agree(key: str, number: int, upos: str) -> list[Token]:
    """An adjective or numeral in the form for a noun class."""
    entry = WORDS[key]
    return spell(entry.get(str(number), entry.get("lemma", "")), upos)


def _verb(c: Clause) -> list[Token]:
    """The verb: negation, subject, tense, object, stem in one word; "be" and "have" have their own present."""
    number = _subject_class(c)
    if c.tense == "present" and c.verb == "be":
        if not c.place:
            return spell("si" if c.negated else "ni", "AUX")
        subject = "yu" if number == 1 else _subject(number)
        return spell(("ha" if c.negated else "") + subject + "ko", "AUX")
    if c.tense == "present" and c.verb == "have":
        return spell(_subject(number, negated=c.negated) + "na", "VERB")
    verb = WORDS["be"] if c.verb == "have" else verb_of(c, WORDS)
    stem, *rest = verb["lemma"].split(" ")
    marker = _object_marker(c, stem)
    before = _subject(number, negated=c.negated)
    ku = "ku" if stem in MONOSYLLABIC and not marker else ""
    if not c.negated:
        word = before + TENSES[c.tense] + (marker or ku) + stem
    elif c.tense == "present":
        word = before + marker + (stem[:-1] + "i" if stem.endswith("a") else stem)
    else:
        word = before + ("ku" + marker if c.tense == "past" else "ta" + (marker or ku)) + stem
    if c.verb == "have":
        return [*spell(word, "VERB"), *spell("na", "ADP")]
    return spell(" ".join([word, *rest]), "AUX" if c.verb == "be" else "VERB")


def _subject(number: int, *, negated: bool = False) -> str:
    """The subject prefix of a class, with the negative "ha"."""
    prefix = CLASSES[number].split()[0]
    if negated:
        return "ha" if number == 1 else "ha" + prefix
    return prefix


def _object_marker(c: Clause, stem: str) -> str:
    """The prefix in the verb for the recipient, else for an object that is a person."""
    np = c.recipient or c.object
    if np is None or c.verb == "have" or not is_human(np) or CATEGORY[np.head] == "organisation":
        return ""
    if np.number > 1 and c.asks not in {"recipient", "object"}:
        return "wa"
    return "mw" if stem[0] in "aeiou" else "m"


def _place(c: Clause, np: NP) -> list[Token]:
    """Where: "kwenye" with nouns; a city stands alone after a verb of motion, else after "mjini" (in the town)."""
    if CATEGORY[np.head] != "city":
        return [*spell("kwenye", "ADP", answer=False), *noun_phrase(np)]
    before = [] if CATEGORY.get(c.verb) == "motion" else spell("mjini", "ADP", answer=False)
    return [*before, *noun_phrase(np)]


def _question_word(part: str, asked: NP | str) -> list[Token]:
    if isinstance(asked, str):
        return spell("lini", "ADV", answer=False)
    if part == "place":
        return spell("wapi", "ADV", answer=False)
    return spell("nani" if is_human(asked) else "nini", "PRON", answer=False)
