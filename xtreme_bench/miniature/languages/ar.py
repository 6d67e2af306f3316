"""Modern Standard Arabic, unvocalised. Simplifications: names do not inflect, counted nouns take no article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xtreme_bench.miniature.grammar import (
    Token,
    arrange,
    form_of,
    front,
    is_human,
    link,
    name_of,
    numeral,
    spell,
    words,
)
from xtreme_bench.miniature.world import CATEGORY, FEMALE, NP, Clause

SPACES = True

# Nouns: lemma, plural after a numeral (genitive); Gender=f where the ending does not tell; Unit: what a mass is
# counted in; stem: before an ending, where that is written differently. Verbs: past, present, jussive where it is
# short; Obj, To: their prepositions. Adjectives: Living is said of persons and animals (masculine, feminine, plural).
# Invariable=yes: no alif in the indefinite accusative. State: the past is كان and the present.
WORDS = words("""
: lemma
anna آنا
clara كلارا
elena إيلينا
lina لينا
maria ماريا
nora نورا
olga أولغا
rita ريتا
sara سارة
tina تينا
vera فيرا
zora زورا
adam آدم
bruno برونو
david ديفيد
felix فيليكس
ivan إيفان
karim كريم
leo ليو
marco ماركو
omar عمر
paul بول
samir سمير
tomas توماس
amari أماري
bergen بيرغن
castro كاسترو
demir ديمير
fontana فونتانا
grant غرانت
haddad حداد
ito إيتو
kovac كوفاتش
lang لانغ
moreno مورينو
novak نوفاك
okoro أوكورو
petrov بيتروف
rossi روسي
tanaka تاناكا
arden أردين
belmar بلمار
corva كورفا
delfi دلفي
estra إسترا
falun فالون
galia غاليا
hadar هدار
irma إيرما
jorvik يورفيك
kalmar كالمار
lunda لوندا
: lemma plural
dog كلب كلاب
cat قطة قطط
horse حصان أحصنة
bird طائر طيور
cow بقرة بقرات
sheep خروف خراف
fish سمكة سمكات
rabbit أرنب أرانب
goat عنزة عنزات
duck بطة بطات
apple تفاحة تفاحات
bread خبز Unit=رغيف Units=أرغفة
cheese جبن Unit=قطعة Units=قطع
rice أرز Unit=طبق Units=أطباق
egg بيضة بيضات
soup حساء Unit=طبق Units=أطباق
cake كعكة كعكات
orange برتقالة برتقالات
meat لحم Unit=قطعة Units=قطع
tomato طماطم Unit=حبة Units=حبات Gender=f Invariable=yes
book كتاب كتب
letter رسالة رسائل
knife سكين سكاكين
lamp مصباح مصابيح
key مفتاح مفاتيح
table طاولة طاولات In=على
chair كرسي كراسي In=على
box صندوق صناديق
bottle زجاجة زجاجات
hat قبعة قبعات
coat معطف معاطف
ring خاتم خواتم
picture صورة صور
clock ساعة ساعات
bag حقيبة حقائب
bicycle دراجة دراجات In=على
teacher معلم معلمين
doctor طبيب أطباء
farmer مزارع مزارعين
student طالب طلاب
driver سائق سائقين
cook طباخ طباخين
nurse ممرضة ممرضات
writer مؤلف مؤلفين
painter رسام رسامين
soldier جندي جنود
merchant تاجر تجار
singer مطرب مطربين
house بيت بيوت
garden حديقة حدائق
market سوق أسواق Gender=f
school مدرسة مدارس
station محطة محطات
hospital مستشفى مستشفيات stem=مستشفي
library مكتبة مكتبات
kitchen مطبخ مطابخ
forest غابة غابات
street شارع شوارع
bank بنك بنوك org=بنك_@
museum متحف متاحف org=متحف_@
university جامعة جامعات org=جامعة_@
factory مصنع مصانع org=مصنع_@
person شخص أشخاص
animal_class حيوان حيوانات
food_class طعام أطعمة
thing شيء أشياء stem=شيئ
: lemma present jussive
see رأى يرى ير
buy اشترى يشتري يشتر
sell باع يبيع يبع
find وجد يجد
lose فقد يفقد
eat أكل يأكل
cook_verb طبخ يطبخ
read قرأ يقرأ
write كتب يكتب
clean نظف ينظف
carry حمل يحمل
open فتح يفتح
break كسر يكسر
close أغلق يغلق
paint رسم يرسم
wash غسل يغسل
love أحب يحب
hate كره يكره
need احتاج يحتاج يحتج Obj=إلى
hide أخفى يخفي يخف
choose اختار يختار يختر
forget نسي ينسى ينس
give أعطى يعطي يعط
show عرض يعرض To=على
send أرسل يرسل To=إلى
bring أحضر يحضر
sleep نام ينام ينم
laugh ضحك يضحك
cry بكى يبكي يبك
work عمل يعمل
sing غنى يغني يغن
dance رقص يرقص
wait انتظر ينتظر
rest استراح يستريح يسترح
fall سقط يسقط
smile ابتسم يبتسم
go ذهب يذهب
come أتى يأتي يأت
run ركض يركض
travel سافر يسافر
return عاد يعود يعد
arrive وصل يصل
say قال يقول يقل That=إن
think اعتقد يعتقد
know عرف يعرف
hope أمل يأمل
believe صدق يصدق
have ملك يملك State=yes
be كان يكون يكن
: lemma feminine plural
big كبير كبيرة كبار
small صغير صغيرة صغار
old قديم قديمة قدماء Living=مسن_مسنة_مسنون
new جديد جديدة جدد
red أحمر حمراء حمر Invariable=yes
blue أزرق زرقاء زرق Invariable=yes
green أخضر خضراء خضر Invariable=yes
white أبيض بيضاء بيض Invariable=yes
black أسود سوداء سود Invariable=yes
good جيد جيدة جيدون
bad سيئ سيئة سيئون
expensive مكلف مكلفة مكلفون
cheap رخيص رخيصة رخيصون
clean_adj نظيف نظيفة نظيفون
dirty قذر قذرة قذرون
happy سعيد سعيدة سعداء
sad حزين حزينة حزينون
tired متعب متعبة متعبون
hungry جائع جائعة جائعون
strong قوي قوية أقوياء
weak ضعيف ضعيفة ضعفاء
: lemma feminine
two اثنان اثنتان
three ثلاثة ثلاث
four أربعة أربع
five خمسة خمس
six ستة ست
seven سبعة سبع
eight ثمانية ثماني
nine تسعة تسع
ten عشرة عشر
: lemma
yesterday أمس
today اليوم
tomorrow غدا
morning في/ADP_الصباح
evening في/ADP_المساء
night في/ADP_الليل
and و
but ،_لكن
because لأن
then ،_ثم
""")
ORDER = "verb.polar verb.not verb subject verb.main object recipient adjective complement place time daytime content"


def clause(c: Clause, *, subject_first: bool = False) -> list[Token]:
    """Say a clause, the verb first; `subject_first` is for after إن, أن and لأن: the subject is accusative then."""
    parts = _verb(c) | {"subject": noun_phrase(c.subject, "acc" if subject_first else "nom")}
    predicate = "nom" if c.verb == "be" and not parts.get("verb") else "acc"
    if c.object:
        to = WORDS[c.verb].get("Obj", "")
        case = "gen" if to else "acc"
        parts["object"] = _after(to, noun_phrase(c.object, case, how_many=c.asks == "number"))
    if c.recipient:
        parts["recipient"] = _after(WORDS[c.verb].get("To", "ل"), noun_phrase(c.recipient, "gen"))
    asked = NP("adam" if is_human(c.subject) else "thing")  # who and what take the masculine singular
    agreeing = asked if c.asks == "subject" else c.subject
    if c.complement:
        parts["complement"] = _complement(c.complement, agreeing, predicate)
    if c.adjective:
        parts["adjective"] = spell(_adjective(c.adjective, agreeing, predicate), "ADJ")
    if c.asks == "subject" and "verb" not in parts:  # من المعلم؟
        for part in parts.keys() & {"complement", "adjective"}:
            parts[part] = [token._replace(text="ال" + token.text) for token in parts[part]]
    if c.place:
        motion = CATEGORY.get(c.verb) == "motion"
        parts["place"] = _after("إلى" if motion else WORDS[c.place.head].get("In", "في"), noun_phrase(c.place, "gen"))
    for part, key in (("time", c.time), ("daytime", c.daytime)):
        if key:
            spoken = spell(WORDS[key]["lemma"], "ADV" if part == "time" else "NOUN")
            parts[part] = [token._replace(answer=token.upos != "ADP") for token in spoken]
    if c.content:
        parts["content"] = _after_that(c.content, WORDS[c.verb].get("That", "أن"))
    tokens = arrange(_question(c, parts, "subject" if subject_first or "verb" not in parts else ""), parts)
    return [*tokens[:1], tokens[1]._replace(glued=True), *tokens[2:]] if tokens[0].text == "أ" else tokens


def join(clauses: Sequence[Clause], connective: str) -> list[Token]:
    """Clauses linked by a word; و is written together with the next word, after لأن the subject comes first."""
    spoken = [clause(c) for c in clauses]
    if connective == "because":
        return link([spoken[0], *(_after_that(c, WORDS["because"]["lemma"]) for c in clauses[1:])], [])
    if connective == "and":
        spoken[1:] = [[tokens[0]._replace(glued=True), *tokens[1:]] for tokens in spoken[1:]]
    return link(spoken, spell(WORDS[connective]["lemma"], "ADV" if connective == "then" else "CCONJ"))


def noun_phrase(np: NP, case: str = "nom", *, how_many: bool = False) -> list[Token]:
    """Noun and adjective, both with the article if definite; dual and اثنان for two, numeral and plural beyond."""
    if name := name_of(np, WORDS):
        return name
    entry: Mapping[str, str] = WORDS[np.head]
    of = []
    if "Unit" in entry and (np.number > 1 or how_many):  # طبقان من الأرز
        of = [*spell("من", "ADP"), *spell("ال" + entry["lemma"], "NOUN")]
        entry = {"lemma": entry["Unit"], "plural": entry["Units"]}
    adjective = ""
    if how_many:
        case = "acc" if case != "gen" else case
        np = replace(np, number=1, definite=False)
    if np.adjective:
        case_of = "gen" if np.number > 2 else case
        adjective = _adjective(np.adjective, np, case_of, feminine=_is_feminine(entry), definite=np.definite)
    if np.number > 2:
        counted = WORDS[numeral(np.number)]["feminine" if _is_feminine(entry) else "lemma"]
        return [*spell(counted, "NUM"), *spell(entry["plural"], "NOUN"), *spell(adjective, "ADJ"), *of]
    if np.number == 2:
        two = WORDS["two"]["feminine" if _is_feminine(entry) else "lemma"]
        two = two if case == "nom" else two.removesuffix("ان") + "ين"
        return [*spell(_dual(entry, case), "NOUN"), *spell(two, "NUM"), *spell(adjective, "ADJ"), *of]
    asked = spell("كم", "DET", answer=False) if how_many else []
    if np.definite:
        return [*spell("ال" + entry["lemma"], "NOUN"), *spell("ال" + adjective if adjective else "", "ADJ")]
    return [*asked, *spell(_indefinite(entry, case), "NOUN"), *spell(adjective, "ADJ"), *of]


def _is_feminine(entry: Mapping[str, str]) -> bool:
    return entry["lemma"].endswith("ة") or entry.get("Gender") == "f"


def _feminine_subject(np: NP) -> bool:
    entry = WORDS[np.head]
    return np.head in FEMALE or CATEGORY[np.head] == "city" or (CATEGORY[np.head] != "given" and _is_feminine(entry))


def _indefinite(entry: Mapping[str, str], case: str) -> str:
    """An indefinite singular; the accusative is written with an alif, but not after ة, اء and ى."""
    word = entry["lemma"]
    if case != "acc" or "Invariable" in entry or word.endswith(("ة", "اء", "ى")):
        return word
    return entry.get("stem", word) + "ا"


def _dual(entry: Mapping[str, str], case: str) -> str:
    stem = entry.get("stem", entry["lemma"])
    stem = stem[:-1] + "ت" if stem.endswith("ة") else stem[:-1] + "و" if stem.endswith("اء") else stem
    return stem + ("ان" if case == "nom" else "ين")


def _adjective(key: str, np: NP, case: str, *, feminine: bool | None = None, definite: bool = False) -> str:
    """An adjective in agreement, without article: things in the plural take the feminine singular."""
    entry: Mapping[str, str] = WORDS[key]
    if "Living" in entry and CATEGORY[np.head] in {"given", "animal", "role"}:
        entry = dict(zip(("lemma", "feminine", "plural"), entry["Living"].split(), strict=True))
    feminine = _feminine_subject(np) if feminine is None else feminine
    if np.number == 2:
        return _dual({"lemma": entry["feminine" if feminine else "lemma"]}, case)
    if np.number > 2 and (CATEGORY[np.head] == "role" or np.head == "person"):
        if feminine:
            return entry["feminine"].removesuffix("ة") + "ات"
        plural = entry["plural"]
        if plural.endswith("ون"):
            return plural if case == "nom" else plural.removesuffix("ون") + "ين"
        return _indefinite({"lemma": plural}, case)
    if feminine or np.number > 2:
        return entry["feminine"]
    return entry["lemma"] if definite else _indefinite(entry, case)


def _complement(np: NP, subject: NP, case: str) -> list[Token]:
    """What someone is, in the subject's number; a role also in its gender (معلم, معلمة)."""
    entry: Mapping[str, str] = WORDS[np.head]
    role = CATEGORY[np.head] == "role"
    if role and subject.number < 3 and CATEGORY[subject.head] in {"given", "role"}:
        stem = entry["lemma"].removesuffix("ة")
        entry = {"lemma": stem + "ة" if _feminine_subject(subject) else stem}
    adjective = ""
    if np.adjective:
        agreeing = replace(np, number=subject.number, definite=False)
        adjective = _adjective(np.adjective, agreeing, case, feminine=_is_feminine(entry))
    if subject.number == 2:
        noun = _dual(entry, case)
    elif subject.number > 2:
        noun = entry.get("plural", entry["lemma"])
        if role and noun.endswith("ين"):
            noun = noun if case == "acc" else noun.removesuffix("ين") + "ون"
        elif not noun.endswith("ات"):
            noun = _indefinite({"lemma": noun}, case)
    else:
        noun = _indefinite(entry, case)
    return [*spell(noun, "NOUN"), *spell(adjective, "ADJ")]


def _after(preposition: str, tokens: list[Token]) -> list[Token]:
    """A preposition and what it governs; ل is written together with it, and swallows the alif of an article."""
    if preposition != "ل":
        return [*spell(preposition, "ADP", answer=False), *tokens]
    word = tokens[0].text
    word = word[1:] if word.startswith("ال") and tokens[0].upos == "NOUN" else word
    return [Token("ل", "ADP", answer=False), tokens[0]._replace(text=word, glued=True), *tokens[1:]]


def _after_that(c: Clause, particle: str) -> list[Token]:
    """A clause after a particle that wants a noun; before several who do something it takes a pronoun (إنه)."""
    c = replace(c, asks=None)
    if c.subject.number > 1 and "verb" in _verb(c):
        return [*spell(particle + "ه", "SCONJ"), *clause(c)]
    return [*spell(particle, "SCONJ"), *clause(c, subject_first=True)]


def _verb(c: Clause) -> dict[str, list[Token]]:
    """The verb in the singular, in the subject's gender, with its negation; "be" in the present is unsaid.

    In the past of a state one subject stands between كان and the verb, where several would take a plural.
    """
    feminine = c.asks != "subject" and _feminine_subject(c.subject)
    if c.verb == "be" and c.tense == "present":
        return {"verb": spell("ليست" if feminine else "ليس", "AUX")} if c.negated else {}
    entry, upos = WORDS[c.verb], "AUX" if c.verb == "be" else "VERB"
    if c.tense == "past" and "State" in entry:
        was = _verb(replace(c, verb="be"))
        main = _verb(replace(c, tense="present", negated=False))["verb"]
        return was | ({"verb.main": main} if c.subject.number == 1 else {"verb": [*was["verb"], *main]})
    if c.tense == "past" and not c.negated:
        form = entry["lemma"]
        return {"verb": spell(form.removesuffix("ى") + "ت" if feminine else form, upos)}
    form = form_of(entry, *["jussive"] * (c.tense == "past"), "present")
    form = "ت" + form[1:] if feminine else form
    if c.negated:
        particle = {"past": "لم", "present": "لا", "future": "لن"}[c.tense]
        return {"verb.not": spell(particle, "PART"), "verb": spell(form, upos)}
    return {"verb": spell("س" + form if c.tense == "future" else form, upos)}


def _question(c: Clause, parts: dict[str, list[Token]], first: str) -> str:
    """Put the question word into the asked part; returns the order of the clause, the question word first."""
    order = front(ORDER, "verb.polar", first) if first else ORDER
    if c.asks == "polar":
        parts["verb.polar"] = [Token("أ" if c.negated else "هل", "PART")]
    if c.asks in {None, "polar"}:
        return order
    if c.asks == "number":
        return front(order, "object")
    part = "daytime" if c.asks == "time" and c.time is None else str(c.asks)
    if part in {"time", "daytime"}:
        parts[part] = spell("متى", "ADV", answer=False)
    elif part == "place":
        parts[part] = spell("إلى/ADP أين" if CATEGORY.get(c.verb) == "motion" else "أين", "ADV", answer=False)
    else:
        who, what = "من", "ماذا"
        if part == "subject":
            who, what = ("من الذي", "ما الذي") if "verb" in parts or c.place else ("من", "ما")
        asked = spell(who if is_human(getattr(c, part)) else what, "PRON", answer=False)
        governing = {"object": WORDS[c.verb].get("Obj", ""), "recipient": WORDS[c.verb].get("To", "ل")}
        parts[part] = _after(governing.get(part, ""), asked)
    return front(order, part)
