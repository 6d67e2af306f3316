"""Hindi. Simplifications: no honorific plural, persons by their work take the gender of the noun, "the" is unsaid."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.miniature.grammar import Token, arrange, form_of, is_human, name_of, numeral, spell, verb_of, words
from xtreme_bench.miniature.world import CATEGORY, FEMALE, NP, Clause

SPACES = True

# Gender=f: feminine, else masculine. In: the postposition of a place (else में). Unit: what a mass is counted in.
# Of verbs: the second form is an irregular perfective; Ne: whether its subject takes ने (else as of its kind);
# State: the past is imperfective; Obj, To, Goal: the postpositions of object, recipient and goal (Goal of a place: that
# of those who go there). fem is a woman in the role. eat_soup: see `verb_of`.
WORDS = words("""
: lemma
anna आना
clara क्लारा
elena एलेना
lina लीना
maria मारिया
nora नोरा
olga ओल्गा
rita रीता
sara सारा
tina टीना
vera वेरा
zora ज़ोरा
adam एडम
bruno ब्रूनो
david डेविड
felix फ़ेलिक्स
ivan इवान
karim करीम
leo लियो
marco मार्को
omar उमर
paul पॉल
samir समीर
tomas टोमस
amari अमारी
bergen बर्गन
castro कास्त्रो
demir देमिर
fontana फ़ोंटाना
grant ग्रांट
haddad हद्दाद
ito इतो
kovac कोवाच
lang लैंग
moreno मोरेनो
novak नोवाक
okoro ओकोरो
petrov पेत्रोव
rossi रोसी
tanaka तनाका
arden आर्डेन
belmar बेलमार
corva कोर्वा
delfi डेल्फ़ी
estra एस्त्रा
falun फ़ालुन
galia गालिया
hadar हदार
irma इर्मा
jorvik योर्विक
kalmar कालमार
lunda लुंडा
dog कुत्ता
cat बिल्ली Gender=f
horse घोड़ा
bird पक्षी
cow गाय Gender=f
sheep भेड़ Gender=f
fish मछली Gender=f
rabbit खरगोश
goat बकरी Gender=f
duck बत्तख Gender=f
apple सेब
bread रोटी Gender=f
cheese पनीर Unit=टुकड़े
rice चावल Unit=कटोरी
egg अंडा
soup सूप Unit=कटोरी
cake केक
orange संतरा
meat मांस Unit=टुकड़े
tomato टमाटर
book किताब Gender=f
letter पत्र
knife चाकू
lamp दीपक
key चाबी Gender=f
table मेज़ Gender=f In=पर
chair कुर्सी Gender=f In=पर
box बक्सा
bottle बोतल Gender=f
hat टोपी Gender=f
coat कोट
ring अंगूठी Gender=f
picture तस्वीर Gender=f
clock घड़ी Gender=f
bag थैला
bicycle साइकिल Gender=f In=पर
teacher अध्यापक fem=अध्यापिका
doctor डॉक्टर
farmer किसान
student छात्र fem=छात्रा
driver ड्राइवर
cook बावर्ची
nurse नर्स Gender=f
writer लेखक fem=लेखिका
painter चित्रकार
soldier सैनिक
merchant व्यापारी
singer गायक fem=गायिका
house घर
garden बगीचा Goal=में
market बाज़ार
school स्कूल
station स्टेशन In=पर
hospital अस्पताल
library पुस्तकालय
kitchen रसोई Gender=f Goal=में
forest जंगल Goal=में
street सड़क Gender=f In=पर Goal=पर
bank बैंक org=@_बैंक
museum संग्रहालय org=@_संग्रहालय
university विश्वविद्यालय org=@_विश्वविद्यालय
factory फ़ैक्टरी org=@_फ़ैक्टरी Gender=f
person व्यक्ति
animal_class जानवर
food_class भोजन
thing चीज़ Gender=f
: lemma perfective
see देख
buy खरीद
sell बेच
find पा
lose खो
eat खा
eat_soup पी पिया
cook_verb पका
read पढ़
write लिख
clean पोंछ
carry ढो
open खोल
break तोड़
close बंद/ADJ_कर किया
paint चित्रित/ADJ_कर किया
wash धो
love प्यार/NOUN_कर Obj=से State=yes
hate नफ़रत/NOUN_कर Obj=से State=yes
need चाहिए
hide छिपा
choose चुन
forget भूल Ne=no
give दे दिया
show दिखा
send भेज
bring ला Ne=no To=के_लिए
sleep सो
laugh हँस
cry रो
work काम/NOUN_कर किया Ne=yes
sing गा Ne=yes
dance नाच
wait इंतज़ार/NOUN_कर किया Ne=yes
rest आराम/NOUN_कर किया Ne=yes
fall गिर
smile मुस्कुरा
go जा गया
come आ
run दौड़ Goal=तक
travel सफ़र/NOUN_कर किया Ne=yes Goal=तक
return लौट
arrive पहुँच
say कह
think सोच
know जान State=yes
hope उम्मीद/NOUN_कर State=yes
believe विश्वास/NOUN_कर State=yes
have पास
: lemma animate
big बड़ा
small छोटा
old पुराना बूढ़ा
new नया
red लाल
blue नीला
green हरा
white सफ़ेद
black काला
good अच्छा
bad बुरा
expensive महँगा
cheap सस्ता
clean_adj साफ़
dirty गंदा
happy खुश
sad दुखी
tired थका_हुआ
hungry भूखा
strong मज़बूत
weak कमज़ोर
two दो
three तीन
four चार
five पाँच
six छह
seven सात
eight आठ
nine नौ
ten दस
yesterday बीते/ADJ_कल
today आज
tomorrow आने/VERB_वाले/ADP_कल
morning सुबह
evening शाम_को/ADP
night रात_को/ADP
and और
but ,_लेकिन
because ,_क्योंकि
then ,_फिर
""")
BE = {
    ("present", False): "है है",
    ("present", True): "हैं हैं",
    ("past", False): "था थी",
    ("past", True): "थे थीं",
    ("future", False): "होगा होगी",
    ("future", True): "होंगे होंगी",
}
ORDER = (
    "verb.polar subject time daytime place recipient object adjective complement "
    "verb.light verb.not verb verb.aux content"
)
MATRAS = "ािीुूेैोौं"


def clause(c: Clause) -> list[Token]:
    """Say a clause: the parts with their postpositions, नहीं, the verb, then कि and what is said."""
    parts = {"subject": _marked(c, "subject")}
    for part in ("object", "recipient"):
        if getattr(c, part):
            parts[part] = _marked(c, part)
    if c.complement:
        plural = max(c.subject.number, c.complement.number)
        woman = c.subject.head in FEMALE and c.asks != "subject"
        complement = replace(c.complement, number=plural, definite=True)
        parts["complement"] = noun_phrase(complement, counted=False, woman=woman)
    if c.adjective:
        parts["adjective"] = _adjective(c.adjective, c.subject, *_agreement(c, "subject"))
    if c.asks == "place":
        parts["place"] = spell("कहाँ", "ADV", answer=False)
    elif c.place:
        to_goal = CATEGORY.get(c.verb) == "motion"
        verb, site = WORDS.get(c.verb, {}), WORDS[c.place.head]
        post = verb.get("Goal") or site.get("Goal", "") if to_goal else site.get("In", "में")
        parts["place"] = noun_phrase(c.place, oblique=True) + spell(post, "ADP", answer=False)
    for part, key in (("time", c.time), ("daytime", c.daytime)):
        if key and c.asks == "time" and (part == "time" or not c.time):
            parts[part] = spell("कब", "ADV", answer=False)
        elif key:
            parts[part] = [t._replace(answer=t.text != "को") for t in spell(WORDS[key]["lemma"], "NOUN")]
    if c.content:
        parts["content"] = [*spell("कि", "SCONJ"), *clause(replace(c.content, asks=None))]
    if c.asks == "polar":
        parts["verb.polar"] = spell("क्या", "PART")
    if c.negated:
        parts["verb.not"] = spell("नहीं", "PART")
    return arrange(ORDER, parts | _verb(c))


def noun_phrase(
    np: NP, *, oblique: bool = False, how_many: bool = False, counted: bool = True, woman: bool = False
) -> list[Token]:
    """Numeral or एक, adjective, noun, all direct or oblique; or a name. A role takes its feminine for a `woman`."""
    if name := name_of(np, WORDS):
        return name
    entry, plural = WORDS[np.head], np.number > 1
    if woman and "fem" in entry:
        entry = {"lemma": entry["fem"], "Gender": "f"}
    feminine = entry.get("Gender") == "f"
    out: list[Token] = []
    if how_many:
        out += spell("कितनी" if feminine else "कितने", "DET", answer=False)
    elif plural and counted:
        out += spell(WORDS[numeral(np.number)]["lemma"], "NUM")
    elif not plural and not np.definite and "Unit" not in entry:
        out += spell("एक", "DET", answer=False)
    if plural and counted:
        out += spell(entry.get("Unit", ""), "NOUN")
    if np.adjective:
        out += _adjective(np.adjective, np, feminine, plural, oblique=oblique)
    return out + spell(_decline(entry, plural=plural and "Unit" not in entry, oblique=oblique), "NOUN")


def _marked(c: Clause, part: str) -> list[Token]:
    """Subject, object or recipient with its postposition, or the question word for it."""
    np = getattr(c, part)
    post = _postposition(c, part)
    if c.asks == part:
        direct = "कौन" if is_human(np) and part == "subject" else "क्या"
        if not post or (part == "object" and post == "को" and not is_human(np)):
            return spell(direct, "PRON", answer=False)
        fused, *rest = post.split()
        return spell("किस" + fused, "PRON", answer=False) + spell(" ".join(rest), "ADP", answer=False)
    how_many = part == "object" and c.asks == "number"
    return noun_phrase(np, oblique=bool(post), how_many=how_many) + spell(post, "ADP", answer=False)


def _postposition(c: Clause, part: str) -> str:
    """What marks a part: ने on the subject of a perfective, को on persons and animals as objects, को on recipients."""
    entry = WORDS.get(c.verb, {})
    if part == "recipient":
        return entry.get("To", "को")
    if part == "subject":
        if c.verb in {"have", "need"}:
            return {"have": "के पास", "need": "को"}[c.verb]
        usual = "yes" if CATEGORY.get(c.verb) in {"transitive", "ditransitive", "cognition"} else "no"
        return "ने" if c.tense == "past" and "State" not in entry and entry.get("Ne", usual) == "yes" else ""
    if c.verb in {"have", "need"} or c.object is None:
        return ""
    specific = is_human(c.object) or (
        CATEGORY[c.object.head] == "animal" and c.object.definite and c.object.number == 1
    )
    return entry.get("Obj", "को" if specific else "")


def _agreement(c: Clause, part: str) -> tuple[bool, bool]:
    """(feminine, plural) of a part; a question word is masculine singular."""
    np: NP = getattr(c, part)
    return (
        (False, False) if c.asks == part else (np.head in FEMALE or WORDS[np.head].get("Gender") == "f", np.number > 1)
    )


def _verb(c: Clause) -> dict[str, list[Token]]:
    """The verb, in agreement with the first of subject and object that has no postposition."""
    agreeing = next((part for part in ("subject", "object") if getattr(c, part) and not _postposition(c, part)), None)
    feminine, plural = _agreement(c, agreeing) if agreeing else (False, False)
    be = spell(BE[c.tense, plural].split()[feminine], "AUX")
    if c.verb in {"be", "have"}:
        return {"verb": be}
    entry = verb_of(c, WORDS)
    if c.verb == "need":
        return {"verb": spell(entry["lemma"], "VERB")} | ({} if c.tense == "present" else {"verb.aux": be})
    *light, stem = spell(entry["lemma"], "VERB")
    if c.tense == "future":
        base = f"{stem.text[:-1]}ि" if stem.text.endswith("ी") else stem.text
        form = base + _future_ending(base, plural=plural) + ("गी" if feminine else "गे" if plural else "गा")
        be = []
    elif c.tense == "past" and "State" not in entry:
        vowel = stem.text[-1] in MATRAS or stem.text == "आ"
        form = _agree(entry.get("perfective", stem.text + ("या" if vowel else "ा")), feminine, plural)
        form += "ं" if feminine and plural else ""
        be = []
    else:
        form = _agree(stem.text + "ता", feminine, plural)
    return {"verb.light": light, "verb": spell(form, "VERB"), "verb.aux": be}


def _future_ending(stem: str, *, plural: bool) -> str:
    if stem[-1] == "े":
        return "ं" if plural else ""
    vowel = stem[-1] in MATRAS or stem == "आ"
    return ("एँ" if plural else "ए") if vowel else ("ें" if plural else "े")


def _agree(form: str, feminine: bool, plural: bool) -> str:
    """A masculine singular in -ा in the gender and number asked for; other forms do not change."""
    for ending, feminine_ending, plural_ending in (
        ("िया", "ी", "िए"), ("या", "ई", "ए"), ("आ", "ई", "ए"), ("ा", "ी", "े")
    ):  # fmt: skip
        if form.endswith(ending):
            return form.removesuffix(ending) + (feminine_ending if feminine else plural_ending if plural else ending)
    return form


def _adjective(key: str, np: NP, feminine: bool, plural: bool, *, oblique: bool = False) -> list[Token]:
    """An adjective in agreement, in the word that suits what it is said of (पुराना of things, बूढ़ा of the living)."""
    animate = CATEGORY[np.head] in {"given", "animal", "role"} or np.head in {"person", "animal_class"}
    form = form_of(WORDS[key], *["animate"] * animate, "lemma")
    return spell(" ".join(_agree(word, feminine, plural or oblique) for word in form.split()), "ADJ")


def _decline(entry: dict[str, str], *, plural: bool, oblique: bool) -> str:
    """A noun in its number, direct or oblique."""
    word, feminine = entry["lemma"], entry.get("Gender") == "f"
    if word[-1] == "ा":
        return word[:-1] + ("ों" if plural and oblique else "े" if plural or oblique else "ा")
    if not plural or not (feminine or oblique):
        return word
    short = word[:-1] + {"ी": "ि", "ू": "ु", "ई": "इ"}.get(word[-1], word[-1])
    if short[-1] in "िइ":
        return short + ("यों" if oblique else "याँ")
    if short[-1] == "ु":
        return short + "ओं"
    return short + ("ों" if oblique else "ें")
