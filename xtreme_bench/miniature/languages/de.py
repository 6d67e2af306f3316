"""German. Simplifications: the past is the preterite throughout, reported clauses stay in the indicative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xtreme_bench.miniature.grammar import (
    Token,
    arrange,
    connective_of,
    form_of,
    front,
    is_human,
    latin_names,
    link,
    name_of,
    numeral,
    spell,
    words,
)
from xtreme_bench.miniature.world import CATEGORY, FEMALE, NP, Clause

SPACES = True

# oblique is the accusative and dative singular of weak nouns, fem a woman in the role, Prep the preposition of a
# place (else "in"), Into a place that one goes into or onto (else "zu"), Particle what a verb leaves at the end of a
# main clause, stem what adjective endings go on.
# "wissen" would share "weiß" with white, hence "erkennen"; "am Morgen" would be tomorrow's word.
WORDS = latin_names() | words("""
: lemma plural Gender
dog Hund Hunde m
cat Katze Katzen f
horse Pferd Pferde n
bird Vogel Vögel m
cow Kuh Kühe f
sheep Schaf Schafe n
fish Fisch Fische m
rabbit Kaninchen Kaninchen n
goat Ziege Ziegen f
duck Ente Enten f
apple Apfel Äpfel m
bread Brot Brote n Mass=yes
cheese Käse Käselaibe m Mass=yes
rice Reis Reisgerichte m Mass=yes
egg Ei Eier n
soup Suppe Suppen f
cake Kuchen Kuchen m
orange Orange Orangen f
meat Fleisch Fleischstücke n Mass=yes
tomato Tomate Tomaten f
book Buch Bücher n
letter Brief Briefe m
knife Messer Messer n
lamp Lampe Lampen f
key Schlüssel Schlüssel m
table Tisch Tische m Prep=auf
chair Stuhl Stühle m Prep=auf
box Kiste Kisten f
bottle Flasche Flaschen f
hat Hut Hüte m
coat Mantel Mäntel m
ring Ring Ringe m
picture Bild Bilder n
clock Uhr Uhren f
bag Tasche Taschen f
bicycle Fahrrad Fahrräder n Prep=auf
teacher Lehrer Lehrer m fem=Lehrerin
doctor Arzt Ärzte m fem=Ärztin
farmer Bauer Bauern m oblique=Bauern fem=Bäuerin
student Student Studenten m oblique=Studenten fem=Studentin
driver Fahrer Fahrer m fem=Fahrerin
cook Koch Köche m fem=Köchin
nurse Pfleger Pfleger m fem=Pflegerin
writer Schriftsteller Schriftsteller m fem=Schriftstellerin
painter Maler Maler m fem=Malerin
soldier Soldat Soldaten m oblique=Soldaten fem=Soldatin
merchant Händler Händler m fem=Händlerin
singer Sänger Sänger m fem=Sängerin
house Haus Häuser n
garden Garten Gärten m Into=yes
market Markt Märkte m Prep=auf
school Schule Schulen f
station Bahnhof Bahnhöfe m Prep=an
hospital Krankenhaus Krankenhäuser n
library Bibliothek Bibliotheken f
kitchen Küche Küchen f Into=yes
forest Wald Wälder m Into=yes
street Straße Straßen f Prep=auf Into=yes
bank Bank Banken f org=Bank_von/ADP_@
museum Museum Museen n org=Museum_von/ADP_@
university Universität Universitäten f Prep=an org=Universität_@
factory Fabrik Fabriken f org=Fabrik_von/ADP_@
person Person Personen f
animal_class Tier Tiere n
food_class Lebensmittel Lebensmittel n
thing Gegenstand Gegenstände m
: lemma present past Particle
see sehen sieht sah
buy kaufen kauft kaufte
sell verkaufen verkauft verkaufte
find finden findet fand
lose verlieren verliert verlor
eat essen isst aß
cook_verb kochen kocht kochte
read lesen liest las
write schreiben schreibt schrieb
clean putzen putzt putzte
carry tragen trägt trug
open öffnen öffnet öffnete
close schließen schließt schloss
break zerbrechen zerbricht zerbrach
paint malen malt malte
wash waschen wäscht wusch
love lieben liebt liebte
hate hassen hasst hasste
need brauchen braucht brauchte
hide verstecken versteckt versteckte
choose wählen wählt wählte
forget vergessen vergisst vergaß
give geben gibt gab
show zeigen zeigt zeigte
send schicken schickt schickte
bring bringen bringt brachte
sleep schlafen schläft schlief
laugh lachen lacht lachte
cry weinen weint weinte
work arbeiten arbeitet arbeitete
sing singen singt sang
dance tanzen tanzt tanzte
wait warten wartet wartete
rest ruhen ruht ruhte
fall fallen fällt fiel
smile lächeln lächelt lächelte
go gehen geht ging
come kommen kommt kam
run rennen rennt rannte
travel reisen reist reiste
return kehren kehrt kehrte zurück
arrive treffen trifft traf ein
say sagen sagt sagte
think denken denkt dachte
know erkennen erkennt erkannte
hope hoffen hofft hoffte
believe glauben glaubt glaubte
have haben hat hatte
be sein ist war plural=sind
: lemma
big groß
small klein
old alt
new neu
red rot
blue blau
green grün
white weiß
black schwarz
good gut
bad schlecht
expensive teuer stem=teur
cheap billig
clean_adj sauber
dirty schmutzig
happy glücklich
sad traurig
tired müde stem=müd
hungry hungrig
strong stark
weak schwach
two zwei
three drei
four vier
five fünf
six sechs
seven sieben
eight acht
nine neun
ten zehn
yesterday gestern
today heute
tomorrow morgen
morning am/ADP_Vormittag
evening am/ADP_Abend
night in/ADP_der/DET_Nacht
and und
but ,_aber
because ,_weil
then ,_dann
""")
# articles and adjective endings: masculine, feminine, neuter of the nominative, accusative and dative; - is nothing
DEFINITE = "der die das den die das dem der dem"
INDEFINITE = "- e - en e - em er em"
WEAK = "e e e en e e en en en"
MIXED = "er e es en e es en en en"
STRONG = "er e es en e es em er em"
CONTRACTED = {"in dem": "im", "an dem": "am", "zu dem": "zum", "zu der": "zur"}
ADVERBS = {"place": "wo", "time": "wann", "daytime": "wann"}


def clause(c: Clause) -> list[Token]:
    """Say a main clause, the finite verb second (first in a polar question)."""
    return _say(c, "first" if c.asks == "polar" else "second")


def join(clauses: Sequence[Clause], connective: str) -> list[Token]:
    """Link clauses: the verb comes last after "weil" and first after "dann"."""
    position = {"because": "last", "then": "first"}.get(connective, "second")
    said = [clause(clauses[0]), *(_say(c, position) for c in clauses[1:])]
    return link(said, connective_of(WORDS, connective))


def noun_phrase(np: NP, case: str, *, article: str = "ein", how_many: bool = False, woman: bool = False) -> list[Token]:
    """Article or numeral, adjective, noun; or a name. `article` is the indefinite one: "ein", "kein" or ""."""
    entry = WORDS[np.head]
    if woman and "fem" in entry:
        entry = {"lemma": entry["fem"], "Gender": "f"}
    gender = entry.get("Gender", "")
    if name := name_of(np, WORDS):
        return [*spell(_pick(DEFINITE, case, gender), "DET", answer=False), *name] if gender else name
    plural = np.number > 1
    if plural:
        determiner = spell("wie/ADV viele", "ADJ", answer=False) if how_many else _numeral(np)
        ending = "en" if case == "dat" else "e"
    elif np.definite:
        determiner, ending = spell(_pick(DEFINITE, case, gender), "DET", answer=False), _pick(WEAK, case, gender)
    elif article == "" or (article == "ein" and "Mass" in entry):
        determiner, ending = [], _pick(STRONG, case, gender)
    else:
        determiner = spell(article + _pick(INDEFINITE, case, gender), "DET", answer=False)
        ending = _pick(MIXED, case, gender)
    adjective = spell(form_of(WORDS[np.adjective], "stem", "lemma") + ending, "ADJ") if np.adjective else []
    noun = entry["plural"] if plural else entry["lemma"] if case == "nom" else form_of(entry, "oblique", "lemma")
    if plural and case == "dat" and not noun.endswith("n"):
        noun += "n"
    return [*determiner, *adjective, *spell(noun, "NOUN")]


def _pick(endings: str, case: str, gender: str) -> str:
    """One form of a table of articles or endings."""
    form = endings.split()[3 * ["nom", "acc", "dat"].index(case) + "mfn".index(gender)]
    return "" if form == "-" else form


def _numeral(np: NP) -> list[Token]:
    return spell(WORDS[numeral(np.number)]["lemma"], "NUM")


def _say(c: Clause, position: str) -> list[Token]:
    """Say a clause with the finite verb first, second or last."""
    parts = _verb(c, last=position == "last") | {"subject": noun_phrase(c.subject, "nom")}
    kein = c.negated and _takes_kein(c.object or c.complement)
    if c.object:
        parts["object"] = noun_phrase(c.object, "acc", article="kein" if kein else "ein", how_many=c.asks == "number")
    if c.recipient:
        parts["recipient"] = noun_phrase(c.recipient, "dat")
    if c.adjective:
        parts["adjective"] = spell(WORDS[c.adjective]["lemma"], "ADJ")
    if c.complement:
        parts["complement"] = _complement(c.subject, c.complement, negated=kein)
    if c.place:
        parts["place"] = _place(c.place, goal=_is_goal(c))
    if c.time:
        parts["time"] = spell(WORDS[c.time]["lemma"], "ADV")
    if c.daytime:
        parts["daytime"] = [t._replace(answer=t.upos == "NOUN") for t in spell(WORDS[c.daytime]["lemma"], "NOUN")]
    if c.negated and not kein:
        parts["verb.not"] = spell("nicht", "PART")
    if c.content:
        parts["content"] = [*spell(", dass", "SCONJ"), *_say(replace(c.content, asks=None), "last")]
    return arrange(_order(c, parts, position), parts)


def _order(c: Clause, parts: dict[str, list[Token]], position: str) -> str:
    """The order of the parts: whom, when, where, what; somebody by name comes before when and where.

    "nicht" follows a definite object and precedes a counted one and a place or goal.
    """
    middle = "time daytime verb.not adjective complement place"
    if c.object and c.object.number > 1:
        middle = "recipient time daytime place verb.not object"
    elif c.object and name_of(c.object, WORDS):
        middle = "recipient object time daytime place verb.not"
    elif c.object:
        middle = "recipient time daytime place object verb.not"
    order = f"subject verb {middle} verb.end content"
    if position == "first":
        return front(order, "verb")
    if c.asks == "number":
        return front(order, "object", "verb")
    if c.asks in {None, "polar"}:
        return order
    part = "daytime" if c.asks == "time" and c.time is None else c.asks
    parts[part] = _question_word(c, part)
    return front(order, part, "verb")


def _question_word(c: Clause, part: str) -> list[Token]:
    if part == "place" and _is_goal(c):
        return spell("wohin", "ADV", answer=False)
    if part in ADVERBS:
        return spell(ADVERBS[part], "ADV", answer=False)
    if part == "recipient":
        return spell("wem", "PRON", answer=False)
    return spell(({"subject": "wer"}.get(part, "wen")) if is_human(getattr(c, part)) else "was", "PRON", answer=False)


def _is_goal(c: Clause) -> bool:
    """Whether the place is where the movement goes; one arrives at a place."""
    return CATEGORY.get(c.verb) == "motion" and c.verb != "arrive"


def _verb(c: Clause, *, last: bool) -> dict[str, list[Token]]:
    """The finite verb and what stands at the end of the clause: an infinitive or a particle."""
    entry = WORDS[c.verb]
    plural = c.subject.number > 1 and c.asks != "subject"
    tag = "AUX" if c.verb == "be" else "VERB"
    particle = entry.get("Particle", "")
    if c.tense == "future":
        finite = spell("werden" if plural else "wird", "AUX")
        infinitive = spell(particle + entry["lemma"], tag)
        return {"verb.end": infinitive + finite} if last else {"verb": finite, "verb.end": infinitive}
    form = entry[c.tense]
    if plural and c.tense == "present":
        form = form_of(entry, "plural", "lemma")
    elif plural:
        form += "n" if form.endswith("e") else "en"
    if last:
        return {"verb.end": spell(particle + form, tag)}
    return {"verb": spell(form, tag), "verb.end": spell(particle, "ADP")}


def _takes_kein(np: NP | None) -> bool:
    return np is not None and not np.definite and np.number == 1 and not name_of(np, WORDS)


def _complement(subject: NP, np: NP, *, negated: bool) -> list[Token]:
    """What the subject is; women are named with the feminine, and a mere role takes no article."""
    role = CATEGORY[np.head] == "role" and not np.adjective
    article = "kein" if negated else "" if role and not np.definite else "ein"
    return noun_phrase(np, "nom", article=article, woman=subject.head in FEMALE)


def _place(np: NP, *, goal: bool) -> list[Token]:
    """Where something is, or where it goes ("zu", "in den Wald", with cities "nach"); contracted: im, am, zum, zur."""
    entry = WORDS[np.head]
    preposition = entry.get("Prep", "in")
    into = goal and "Into" in entry
    if goal and not into:
        preposition = "nach" if CATEGORY[np.head] == "city" else "zu"
    first, *rest = noun_phrase(np, "acc" if into else "dat")
    contracted = CONTRACTED.get(f"{preposition} {first.text}")
    if contracted and first.upos == "DET":
        return [*spell(contracted, "ADP", answer=False), *rest]
    return [*spell(preposition, "ADP", answer=False), first, *rest]
