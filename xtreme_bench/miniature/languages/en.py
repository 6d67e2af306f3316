"""English. Simplifications: counted nouns take no article, and no contractions ("did not")."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.miniature.grammar import Token, arrange, front, is_human, latin_names, name_of, numeral, spell, words
from xtreme_bench.miniature.world import CATEGORY, NP, Clause

SPACES = True

# Prep is the preposition of a place, or of the place of a verb (else "in"), Where what a verb leaves behind in a
# question for its place ("Where did Anna come to?"). Mass nouns take no "a"; they are counted in pieces.
# "read" would not tell the past from the present, hence "study".
WORDS = latin_names() | words("""
: lemma plural
dog dog dogs
cat cat cats
horse horse horses
bird bird birds
cow cow cows
sheep sheep sheep
fish fish fish
rabbit rabbit rabbits
goat goat goats
duck duck ducks
apple apple apples
bread bread loaves_of/ADP_bread Mass=yes
cheese cheese pieces_of/ADP_cheese Mass=yes
rice rice bowls_of/ADP_rice Mass=yes
egg egg eggs
soup soup plates_of/ADP_soup Mass=yes
cake cake cakes
orange orange oranges
meat meat slices_of/ADP_meat Mass=yes
tomato tomato tomatoes
book book books
letter letter letters
knife knife knives
lamp lamp lamps
key key keys
table table tables Prep=on
chair chair chairs Prep=on
box box boxes
bottle bottle bottles
hat hat hats
coat coat coats
ring ring rings
picture picture pictures
clock clock clocks
bag bag bags
bicycle bicycle bicycles Prep=on
teacher teacher teachers
doctor doctor doctors
farmer farmer farmers
student student students
driver driver drivers
cook chef chefs
nurse nurse nurses
writer writer writers
painter painter painters
soldier soldier soldiers
merchant merchant merchants
singer singer singers
house house houses
garden garden gardens
market market markets Prep=at
school school schools Prep=at
station station stations Prep=at
hospital hospital hospitals
library library libraries
kitchen kitchen kitchens
forest forest forests
street street streets
bank bank banks Prep=at org=Bank_of/ADP_@ Article=the
museum museum museums Prep=at org=Museum_of/ADP_@ Article=the
university university universities Prep=at org=@_University
factory factory factories Prep=at org=@_Factory Article=the
person person people
animal_class animal animals
food_class food kinds_of/ADP_food Mass=yes
thing thing things
: lemma present past
see see sees saw
buy buy buys bought
sell sell sells sold
find find finds found
lose lose loses lost
eat eat eats ate
cook_verb cook cooks cooked
read study studies studied
write write writes wrote
clean scrub scrubs scrubbed
carry carry carries carried
open open opens opened
close close closes closed
break break breaks broke
paint paint paints painted
wash wash washes washed
love love loves loved
hate hate hates hated
need need needs needed
hide hide hides hid
choose choose chooses chose
forget forget forgets forgot
give give gives gave
show show shows showed
send send sends sent
bring bring brings brought
sleep sleep sleeps slept
laugh laugh laughs laughed
cry cry cries cried
work work works worked
sing sing sings sang
dance dance dances danced
wait wait waits waited
rest rest rests rested
fall fall falls fell
smile smile smiles smiled
go go goes went
come come comes came Where=to
run run runs ran Where=to
travel travel travels travelled Where=to
return return returns returned Where=to
arrive arrive arrives arrived Prep=at
say say says said
think think thinks thought
know know knows knew
hope hope hopes hoped
believe believe believes believed
have have has had
: lemma
big big
small small
old old
new new
red red
blue blue
green green
white white
black black
good good
bad bad
expensive expensive
cheap cheap
clean_adj clean
dirty dirty
happy happy
sad sad
tired tired
hungry hungry
strong strong
weak weak
two two
three three
four four
five five
six six
seven seven
eight eight
nine nine
ten ten
yesterday yesterday
today today
tomorrow tomorrow
morning in/ADP_the/DET_morning
evening in/ADP_the/DET_evening
night at/ADP_night
and and
but ,_but
because because
then ,_then
""")
ORDER = "subject verb.aux verb.not verb object recipient adjective complement place time daytime content"


def clause(c: Clause) -> list[Token]:
    """Say a clause: subject, verb group with "do" where needed, object, "to" recipient, place, time, "that" clause."""
    parts = _verb(c) | {"subject": noun_phrase(c.subject)}
    if c.object:
        parts["object"] = noun_phrase(c.object, how_many=c.asks == "number")
    if c.recipient:
        parts["recipient"] = [*spell("to", "ADP", answer=False), *noun_phrase(c.recipient)]
    if c.adjective:
        parts["adjective"] = spell(WORDS[c.adjective]["lemma"], "ADJ")
    if c.complement:
        parts["complement"] = noun_phrase(c.complement)
    if c.place:
        parts["place"] = [*spell(_preposition(c, c.place), "ADP", answer=False), *noun_phrase(c.place)]
    if c.time:
        parts["time"] = spell(WORDS[c.time]["lemma"], "ADV")
    if c.daytime:
        parts["daytime"] = [t._replace(answer=t.upos == "NOUN") for t in spell(WORDS[c.daytime]["lemma"], "NOUN")]
    if c.content:
        parts["content"] = [*spell("that", "SCONJ"), *clause(replace(c.content, asks=None))]
    return arrange(_question(c, parts), parts)


def noun_phrase(np: NP, *, how_many: bool = False) -> list[Token]:
    """Article or numeral, adjective, noun; or a name."""
    entry = WORDS[np.head]
    if name := name_of(np, WORDS):
        article = spell(entry["Article"], "DET", answer=False) if "Article" in entry else []
        return [*article, *name]
    core = spell(WORDS[np.adjective]["lemma"], "ADJ") if np.adjective else []
    core += spell(entry["plural" if np.number > 1 else "lemma"], "NOUN")
    if how_many:
        return [*spell("how/ADV many", "ADJ", answer=False), *core]
    if np.number > 1:
        return [*spell(WORDS[numeral(np.number)]["lemma"], "NUM"), *core]
    if np.definite:
        return [*spell("the", "DET", answer=False), *core]
    if "Mass" in entry:
        return core
    vowel = core[0].text[0] in "aeiou" and not core[0].text.startswith("uni")
    return [*spell("an" if vowel else "a", "DET", answer=False), *core]


def _preposition(c: Clause, place: NP) -> str:
    """What stands before a place: "to" where a movement goes, else what the place or the verb asks for."""
    if CATEGORY.get(c.verb) == "motion" and c.verb != "arrive":
        return "to"
    if CATEGORY[place.head] == "city":
        return "in"
    return WORDS[place.head].get("Prep") or WORDS.get(c.verb, {}).get("Prep", "in")


def _verb(c: Clause) -> dict[str, list[Token]]:
    """Auxiliary, negation and verb; "do" carries negation and questions (except those for the subject)."""
    plural = c.subject.number > 1 and c.asks != "subject"
    support = c.negated or c.asks not in {None, "subject"}
    parts = {"verb.not": spell("not", "PART")} if c.negated else {}
    if c.verb == "be" and c.tense != "future":
        form = {"present": ("is", "are"), "past": ("was", "were")}[c.tense][plural]
        return parts | {"verb.aux": spell(form, "AUX")}
    if c.tense == "future":
        base = spell("be", "AUX") if c.verb == "be" else spell(WORDS[c.verb]["lemma"], "VERB")
        return parts | {"verb.aux": spell("will", "AUX"), "verb": base}
    if support:
        auxiliary = "did" if c.tense == "past" else ("does", "do")[plural]
        return parts | {"verb.aux": spell(auxiliary, "AUX"), "verb": spell(WORDS[c.verb]["lemma"], "VERB")}
    form = "past" if c.tense == "past" else ("present", "lemma")[plural]
    return parts | {"verb": spell(WORDS[c.verb][form], "VERB")}


def _question(c: Clause, parts: dict[str, list[Token]]) -> str:
    """Put the question word into the asked part; returns the order of the clause."""
    if c.asks is None:
        return ORDER
    if c.asks == "polar":
        return front(ORDER, "verb.aux")
    if c.asks == "number":
        return front(ORDER, "object", "verb.aux")
    part = "daytime" if c.asks == "time" and c.time is None else c.asks
    asked = getattr(c, part)
    pronoun = "where" if part == "place" else "when" if isinstance(asked, str) else ("what", "who")[is_human(asked)]
    parts[part] = spell(pronoun, "ADV" if pronoun in {"where", "when"} else "PRON", answer=False)
    if part == "subject":
        return ORDER
    if part == "recipient" or (part == "place" and "Where" in WORDS.get(c.verb, {})):
        # the preposition stays behind: "Who did Anna give the book to?"
        parts[f"{part}.to"] = spell("to", "ADP", answer=False)
        return front(ORDER.replace(part, f"{part} {part}.to"), part, "verb.aux")
    return front(ORDER, part, "verb.aux")
