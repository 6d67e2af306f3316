"""Turkish. Simplifications: what is said follows "ki"; counted objects take no accusative; names as in English."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.miniature.grammar import (
    Token,
    arrange,
    form_of,
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

# The second form of a noun or verb is its stem before a vowel. Case: what a verb asks of its object (else acc).
# State: the past is -iyordu, not -di. Mass: no "bir"; Unit: what it is counted in. eat_soup: see `verb_of`.
# The form "animate" of an adjective is said of persons and animals.
WORDS = latin_names() | words("""
: lemma stem
dog köpek köpeğ
cat kedi
horse at
bird kuş
cow inek ineğ
sheep koyun
fish balık balığ
rabbit tavşan
goat keçi
duck ördek ördeğ
apple elma
bread ekmek ekmeğ Mass=yes
cheese peynir Mass=yes Unit=parça
rice pirinç pirinc Mass=yes Unit=kâse
egg yumurta
soup çorba Mass=yes Unit=kâse
cake kek
orange portakal
meat et Mass=yes Unit=parça
tomato domates
book kitap kitab
letter mektup mektub
knife bıçak bıçağ
lamp lamba
key anahtar
table masa
chair sandalye
box kutu
bottle şişe
hat şapka
coat palto
ring yüzük yüzüğ
picture resim resm
clock saat acc=saati dat=saate loc=saatte abl=saatten gen=saatin poss=saati
bag çanta
bicycle bisiklet
teacher öğretmen
doctor doktor
farmer çiftçi
student öğrenci
driver şoför
cook aşçı
nurse hemşire
writer yazar
painter ressam
soldier asker
merchant tüccar
singer şarkıcı
house ev
garden bahçe
market pazar
school okul
station istasyon
hospital hastane
library kütüphane
kitchen mutfak mutfağ
forest orman
street sokak sokağ
bank banka org=@_Bankası
museum müze org=@_Müzesi
university üniversite org=@_Üniversitesi
factory fabrika org=@_Fabrikası
person insan
animal_class hayvan
food_class yiyecek yiyeceğ
thing eşya
see gör
buy satın/NOUN_al
sell sat
find bul
lose kaybet kaybed
eat ye yi
eat_soup iç
cook_verb pişir
read oku
write yaz
clean temizle
carry taşı
open aç
break kır
close kapat
paint çiz
wash yıka
love sev Case=acc State=yes
hate nefret/NOUN_et nefret/NOUN_ed Case=abl State=yes
need ihtiyaç/NOUN_duy Case=dat State=yes
hide sakla
choose seç
forget unut
give ver
show göster
send gönder
bring getir
sleep uyu
laugh gül
cry ağla
work çalış
sing şarkı/NOUN_söyle
dance dans/NOUN_et dans/NOUN_ed
wait bekle
rest dinlen
fall düş
smile gülümse
go git gid
come gel
run koş
travel seyahat/NOUN_et seyahat/NOUN_ed
return dön
arrive ulaş
say de di
think düşün State=yes
know bil State=yes
hope um State=yes
believe inan State=yes
have var
: lemma animate
big büyük
small küçük
old eski yaşlı
new yeni
red kırmızı
blue mavi
green yeşil
white beyaz
black siyah
good iyi
bad kötü
expensive pahalı
cheap ucuz
clean_adj temiz
dirty kirli
happy mutlu
sad üzgün
tired yorgun
hungry acıkmış
strong güçlü
weak güçsüz
two iki
three üç
four dört
five beş
six altı
seven yedi
eight sekiz
nine dokuz
ten on
yesterday dün
today bugün
tomorrow yarın
morning sabah
evening akşam
night gece
and ve
but ,_ama
because ,_çünkü
then ,_sonra
""")
CASES = {"acc": "yI", "dat": "yA", "loc": "DA", "abl": "DAn", "gen": "nIn", "poss": "sI"}
WHO = {"nom": "kim", "acc": "kimi", "dat": "kime", "abl": "kimden", "gen": "kimin", "poss": "kimi"}
WHAT = {"nom": "ne", "acc": "ne", "dat": "neye", "abl": "neden", "gen": "neyin", "poss": "neyi"}
HARMONY = dict(zip("aıeiouöü", "ııiiuuüü", strict=True))
ORDER = "subject time daytime place recipient object adjective complement verb.not verb verb.past verb.polar content"


def clause(c: Clause) -> list[Token]:
    """Say a clause: the parts in their cases, then the predicate, 'mi' in a polar question, "ki" and what is said."""
    have = c.verb == "have"
    parts = {"subject": noun_phrase(c.subject, "gen" if have else "nom")}
    if c.object:
        parts["object"] = noun_phrase(c.object, _object_case(c), how_many=c.asks == "number")
    if c.recipient:
        parts["recipient"] = noun_phrase(c.recipient, "dat")
    if c.complement:
        mere_role = CATEGORY[c.complement.head] == "role" and not c.complement.adjective
        parts["complement"] = noun_phrase(replace(c.complement, definite=mere_role))
    if c.adjective:
        parts["adjective"] = _adjective(c.adjective, c.subject)
    to_goal = CATEGORY.get(c.verb) == "motion"
    if c.place:
        parts["place"] = noun_phrase(c.place, "dat" if to_goal else "loc")
    for part, key in (("time", c.time), ("daytime", c.daytime)):
        if key:
            parts[part] = spell(WORDS[key]["lemma"], "ADV" if part == "time" else "NOUN")
    if c.asks in {"subject", "object", "recipient"}:
        case = {"subject": "gen" if have else "nom", "object": _object_case(c), "recipient": "dat"}[c.asks]
        who = is_human(getattr(c, c.asks))
        case = "acc" if (case, c.asks, who) == ("nom", "object", True) else case
        what = "hangisi" if c.verb == "be" else WHAT[case]
        parts[c.asks] = spell(WHO[case] if who else what, "PRON", answer=False)
    elif c.asks == "place":
        parts["place"] = spell("nereye" if to_goal else "nerede", "PRON", answer=False)
    elif c.asks == "time":
        parts["time" if c.time else "daytime"] = spell("ne/DET zaman", "NOUN", answer=False)
    if c.content:
        parts["content"] = [*spell("ki", "SCONJ"), *clause(replace(c.content, asks=None))]
    return arrange(_order(c), parts | _predicate(c, parts))


def noun_phrase(np: NP, case: str = "nom", *, how_many: bool = False) -> list[Token]:
    """Numeral or "bir", adjective, noun in its case; or a name, whose suffix follows an apostrophe."""
    out = name_of(np, WORDS)
    entry = WORDS[np.head]
    if out:
        word = out[-1].text
        if case != "nom" and np.city:  # the name of an organisation ends in a possessive: n before any case, no '
            word = attach(word, "n" + CASES[case].lstrip("yn"))
        elif case != "nom":
            word += "'" + attach(word, CASES[case])[len(word) :]
        return [*out[:-1], out[-1]._replace(text=word)]
    if how_many or np.number > 1:
        out += spell("kaç" if how_many else WORDS[numeral(np.number)]["lemma"], "NUM")
        out += spell(entry.get("Unit", ""), "NOUN")
    if np.adjective:
        out += _adjective(np.adjective, np)
    if np.number == 1 and not np.definite and "Mass" not in entry:
        out += spell("bir", "DET", answer=bool(np.adjective))
    return out + spell(entry["lemma"] if case == "nom" else _inflect(entry, case), "NOUN")


def attach(word: str, suffix: str) -> str:
    """A suffix in vowel harmony: A is a or e; I is ı, i, u or ü; D is d or t; y, n, s first is for words in a vowel."""
    if suffix[0] in "yns" and word[-1] not in HARMONY:
        suffix = suffix[1:]
    for letter in suffix:
        vowel = next(x for x in reversed(word) if x in HARMONY)
        low, hard = "a" if vowel in "aıou" else "e", word[-1] in "cçfhkpsştx"  # c and x end only names: Kovac, Felix
        word += {"A": low, "I": HARMONY[vowel], "D": "t" if hard else "d"}.get(letter, letter)
    return word


def _inflect(entry: dict[str, str], case: str) -> str:
    """A noun in a case; a soft stem before a vowel."""
    soft = entry["lemma"][-1] not in HARMONY and CASES[case].lstrip("yns")[0] in "AI"
    return entry.get(case) or attach(form_of(entry, *["stem"] * soft, "lemma"), CASES[case])


def _adjective(key: str, np: NP) -> list[Token]:
    """An adjective, in the word that suits what it is said of (eski of things, yaşlı of the living)."""
    animate = CATEGORY[np.head] in {"given", "animal", "role"} or np.head in {"person", "animal_class"}
    return spell(form_of(WORDS[key], *["animate"] * animate, "lemma"), "ADJ")


def _order(c: Clause) -> str:
    """The order of the parts: a definite object comes before to whom; what is asked for right before the predicate.

    An object in no case stays with its verb, after what is asked for. "be" asks where the part stands.
    """
    marked = c.object is not None and _object_case(c) in {"acc", "dat", "abl"}
    order = ORDER.replace("recipient object", "object recipient") if marked else ORDER
    part = "daytime" if c.asks == "time" and not c.time else c.asks
    if c.verb == "be" or part in {None, "polar", "number"}:
        return order
    before = "object" if c.object and not marked and part != "object" else "adjective"
    return " ".join(name for name in order.split() if name != part).replace(f" {before}", f" {part} {before}", 1)


def _object_case(c: Clause) -> str:
    """The case of the object: a possession, what the verb asks for, or accusative if it is definite."""
    if c.object is None or c.verb == "have":
        return "poss"
    definite = name_of(c.object, WORDS) or (c.object.definite and c.object.number == 1)
    return WORDS[c.verb].get("Case", "acc" if definite else "nom")


def _predicate(c: Clause, parts: dict[str, list[Token]]) -> dict[str, list[Token]]:
    """The verb, or what makes a predicate of a noun (değil, the past ending, "olacak"), and the 'mi' after it."""
    out: dict[str, list[Token]] = {}
    nominal = c.verb in {"be", "have"}
    if nominal and c.tense == "future":
        out["verb"] = spell("olmayacak" if c.negated else "olacak", "AUX" if c.verb == "be" else "VERB")
    elif c.verb == "have":
        out["verb"] = spell("yok" if c.negated else "var", "VERB")
    elif nominal and c.negated:
        out["verb.not"] = spell("değil", "AUX")
    elif not nominal:
        out["verb"] = spell(conjugate(verb_of(c, WORDS), c.tense, negated=c.negated), "VERB")
    nominals = [parts[name] for name in ("adjective", "complement", "place") if name in parts]
    last = [*out.values(), *nominals][0][-1].text
    ending = "yDI" if nominal and c.tense == "past" else ""
    if c.asks == "polar":
        out["verb.polar"] = spell(attach(last, "mI" + ending)[len(last) :], "AUX")
    elif ending:
        out["verb.past"] = [Token(attach(last, ending)[len(last) :], "AUX", glued=True)]
    return out


def conjugate(verb: dict[str, str], tense: str, *, negated: bool) -> str:
    """The third person: -iyor, -di, -ecek, negative -miyor, -medi, -meyecek."""
    if tense == "past" and "State" in verb:
        return attach(conjugate(verb, "present", negated=negated), "DI")
    if negated:
        return attach(verb["lemma"], {"present": "mIyor", "past": "mADI", "future": "mAyAcAk"}[tense])
    if tense == "past":
        return attach(verb["lemma"], "DI")
    stem = form_of(verb, "stem", "lemma")
    if tense == "future":
        return attach(stem, "yAcAk")
    if stem[-1] in HARMONY:  # the last vowel gives way to the one of -iyor
        return stem[:-1] + HARMONY[next((x for x in reversed(stem[:-1]) if x in HARMONY), stem[-1])] + "yor"
    return attach(stem, "Iyor")
