"""Russian. Simplifications: objects stay accusative under negation; counted subjects take a plural verb."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.miniature.grammar import Token, arrange, front, is_human, numeral, spell, words
from xtreme_bench.miniature.world import CATEGORY, FEMALE, NP, Clause

SPACES = True

CASES = ["lemma", "gen", "dat", "acc", "ins", "prep", "gen_plural", "dat_plural", "ins_plural", "prep_plural"]
# declension -> endings in the order of CASES, - for none; "x" does not decline
DECLENSIONS = {
    "m": "- а у - ом е ов ам ами ах",
    "mь": "ь я ю ь ем е ей ям ями ях",
    "mй": "й я ю й ем е ев ям ями ях",
    "f": "а ы е у ой е - ам ами ах",
    "fя": "я и е ю ей е - ям ями ях",
    "fия": "я и и ю ей и й ям ями ях",
    "fь": "ь и и ь ью и ей ям ями ях",
    "fов": "а ой ой у ой ой - - - -",
    "n": "о а у о ом е - ам ами ах",
    "x": "- - - - - - - - - -",
}
TABLE = """
: Stem Declension
anna Анн f
clara Клар f
elena Елен f
lina Лин f
maria Мари fия
nora Нор f
olga Ольг f
rita Рит f
sara Сар f
tina Тин f
vera Вер f
zora Зор f
adam Адам m
bruno Бруно x
david Давид m
felix Феликс m
ivan Иван m
karim Карим m
leo Лео x
marco Марко x
omar Омар m
paul Паул mь
samir Самир m
tomas Томас m
amari Амари x
bergen Берген m
castro Кастро x
demir Демир m
fontana Фонтан f
grant Грант m
haddad Хаддад m
ito Ито x
kovac Ковач m
lang Ланг m
moreno Морено x
novak Новак m
okoro Окоро x
petrov Петров m
petrov_woman Петров fов
rossi Росси x
tanaka Танак f
arden Арден m
belmar Белмар m
corva Корв f
delfi Делфи x
estra Эстр f
falun Фалун m
galia Гали fия
hadar Хадар m
irma Ирм f
jorvik Йорвик m
kalmar Калмар m
lunda Лунд f
dog собак f
cat кошк f gen_plural=кошек
horse лошад fь
bird птиц f ins=птицей
cow коров f
sheep овц f ins=овцой gen_plural=овец
fish рыб f
rabbit кролик m
goat коз f
duck утк f gen_plural=уток
apple яблок n
bread хлеб m Measure=piece
cheese сыр m Measure=piece
rice рис m Measure=portion
egg яйц n gen_plural=яиц
soup суп m Measure=portion
cake торт m
orange апельсин m
meat мяс n Measure=portion
tomato помидор m
book книг f
letter письм n gen_plural=писем
knife нож m gen_plural=ножей
lamp ламп f
key ключ m gen_plural=ключей
table стол m On=yes
chair стул m gen_plural=стульев dat_plural=стульям prep_plural=стульях On=yes
box коробк f gen_plural=коробок
bottle бутылк f gen_plural=бутылок
hat шляп f
coat плащ m gen_plural=плащей
ring кольц n gen_plural=колец
picture картин f
clock будильник m
bag сумк f gen_plural=сумок
bicycle велосипед m On=yes
teacher учител mь fem=учительница fem_ins=учительницей
doctor врач m gen_plural=врачей
farmer фермер m
student студент m fem=студентка fem_ins=студенткой
driver водител mь
cook повар m
nurse санитар m fem=санитарка fem_ins=санитаркой
writer писател mь fem=писательница fem_ins=писательницей
painter художник m fem=художница fem_ins=художницей
soldier солдат m gen_plural=солдат
merchant торговц m lemma=торговец ins=торговцем gen_plural=торговцев fem=торговка fem_ins=торговкой
singer певц m lemma=певец fem=певица fem_ins=певицей
house дом m
garden сад m prep=саду
market рынк m lemma=рынок acc=рынок On=yes
school школ f
station вокзал m On=yes
hospital больниц f ins=больницей
library библиотек f
kitchen кухн fя gen_plural=кухонь On=yes
forest лес m prep=лесу
street улиц f ins=улицей On=yes
bank банк m
museum музе mй
university университет m
factory фабрик f On=yes
person человек m gen_plural=человек dat_plural=людям ins_plural=людьми prep_plural=людях
animal_class животн n lemma=животное gen=животного dat=животному acc=животное ins=животным prep=животном
food_class ед f Measure=portion
thing вещ fь
portion порци fия
piece куск m lemma=кусок acc=кусок
: present present_plural past future future_plural
see видит видят увидел увидит увидят
buy покупает покупают купил купит купят
sell продаёт продают продал продаст продадут
find находит находят нашёл найдёт найдут past_f=нашла
lose теряет теряют потерял потеряет потеряют
eat ест едят съел съест съедят
cook_verb варит варят сварил сварит сварят
read читает читают прочитал прочитает прочитают
write пишет пишут написал напишет напишут
clean чистит чистят почистил почистит почистят
carry несёт несут нёс понесёт понесут past_f=несла
open открывает открывают открыл откроет откроют
close закрывает закрывают закрыл закроет закроют
break ломает ломают сломал сломает сломают
paint рисует рисуют нарисовал нарисует нарисуют
wash моет моют помыл помоет помоют
love любит любят любил полюбит полюбят
hate ненавидит ненавидят ненавидел возненавидит возненавидят
need нуждается нуждаются нуждался будет/AUX_нуждаться будут/AUX_нуждаться In=yes
hide прячет прячут спрятал спрячет спрячут
choose выбирает выбирают выбрал выберет выберут
forget забывает забывают забыл забудет забудут
give даёт дают дал даст дадут
show показывает показывают показал покажет покажут
send отправляет отправляют отправил отправит отправят
bring приносит приносят принёс принесёт принесут past_f=принесла
sleep спит спят спал поспит поспят
laugh смеётся смеются смеялся засмеётся засмеются
cry плачет плачут плакал заплачет заплачут
work работает работают работал поработает поработают
sing поёт поют пел споёт споют
dance танцует танцуют танцевал станцует станцуют
wait ждёт ждут ждал подождёт подождут
rest отдыхает отдыхают отдыхал отдохнёт отдохнут
fall падает падают упал упадёт упадут
smile улыбается улыбаются улыбался улыбнётся улыбнутся
go идёт идут пошёл пойдёт пойдут past_f=пошла
come приходит приходят пришёл придёт придут past_f=пришла
run бежит бегут побежал побежит побегут
travel едет едут поехал поедет поедут
return возвращается возвращаются вернулся вернётся вернутся
arrive прибывает прибывают прибыл прибудет прибудут
say говорит говорят сказал скажет скажут
think думает думают думал подумает подумают
know знает знают знал узнает узнают
hope надеется надеются надеялся будет/AUX_надеяться будут/AUX_надеяться
believe верит верят верил поверит поверят
be - - был будет будут
: lemma
big большой
small маленький
old старый
new новый
red красный
blue синий
green зелёный
white белый
black чёрный
good хороший
bad плохой
expensive дорогой
cheap дешёвый
clean_adj чистый
dirty грязный
happy счастливый
sad грустный
tired усталый
hungry голодный
strong сильный
weak слабый
: lemma gen dat ins
two два двух двум двумя fem=две
three три трёх трём тремя
four четыре четырёх четырём четырьмя
five пять пяти пяти пятью
six шесть шести шести шестью
seven семь семи семи семью
eight восемь восьми восьми восемью
nine девять девяти девяти девятью
ten десять десяти десяти десятью
yesterday вчера
today сегодня
tomorrow завтра
morning утром
evening вечером
night ночью
and ,_и
but ,_но
because ,_потому_что
then ,_потом
"""
# case -> endings of a hard adjective: masculine, neuter, feminine, plural
ADJECTIVE = {
    "lemma": "ый ое ая ые", "gen": "ого ого ой ых", "dat": "ому ому ой ым",
    "acc": "ый ое ую ые", "ins": "ым ым ой ыми", "prep": "ом ом ой ых",
}  # fmt: skip
SOFT = str.maketrans("ыоау", "иеяю")
WHO = {"lemma": "кто что", "gen": "кого чего", "dat": "кому чему", "acc": "кого что", "prep": "ком чём"}
ORDER = "subject time daytime verb.not verb recipient object adjective complement place content"


def decline(entry: dict[str, str]) -> dict[str, str]:
    """Add all case forms to a noun that has a stem and a declension; forms given in the table win."""
    if "Stem" not in entry:
        return entry
    stem, out = entry["Stem"], {}
    for case, ending in zip(CASES, DECLENSIONS[entry["Declension"]].split(), strict=True):
        if stem[-1] in "гкхжшщч":
            ending = ending.replace("ы", "и")
        if stem[-1] in "жшщчц" and len(ending) > 1:  # вещам
            ending = ending.replace("я", "а")
        out[case] = stem + ending.strip("-")
    return out | entry


WORDS = {key: decline(entry) for key, entry in words(TABLE).items()}


def clause(c: Clause) -> list[Token]:
    """Say a clause; "be" has no present form, possession is "у" with the owner, the verb agrees in the past."""
    sex = _agreement(c.subject, asked=c.asks == "subject")
    if c.verb == "have":
        parts = _possession(c)
    else:
        parts = {"subject": noun_phrase(c.subject, "lemma"), "verb": _verb(c, sex)}
        if c.negated:
            parts["verb.not"] = spell("не", "PART")
        if c.object:
            case = "prep" if "In" in WORDS[c.verb] else "acc"
            phrase = noun_phrase(c.object, case, how_many=c.asks == "number")
            parts["object"] = [*_in(c), *phrase]
    predicative = "lemma" if c.tense == "present" else "ins"
    if c.adjective:
        parts["adjective"] = spell(agree(c.adjective, predicative, sex, animate=False), "ADJ")
    if c.complement:
        parts["complement"] = noun_phrase(c.complement, predicative, woman=c.subject.head in FEMALE)
        if c.tense == "present" and not c.negated and c.asks is None:
            parts["verb"] = [Token("—", "PUNCT", answer=False)]
    if c.recipient:
        parts["recipient"] = noun_phrase(c.recipient, "dat")
    if c.place:
        case = "acc" if CATEGORY.get(c.verb) == "motion" else "prep"
        preposition = spell("на" if "On" in WORDS[c.place.head] else "в", "ADP", answer=False)
        parts["place"] = [*preposition, *noun_phrase(c.place, case)]
    if c.time:
        parts["time"] = spell(WORDS[c.time]["lemma"], "ADV")
    if c.daytime:
        parts["daytime"] = spell(WORDS[c.daytime]["lemma"], "NOUN")
    if c.content:
        parts["content"] = [*spell(", что", "SCONJ"), *clause(replace(c.content, asks=None))]
    return arrange(_question(c, parts), parts)


def noun_phrase(np: NP, case: str, *, how_many: bool = False, woman: bool = False) -> list[Token]:
    """Numeral, adjective, noun in a case; or a name. A role takes its feminine form, if any, for a `woman`."""
    if name := _name(np, case):
        return name
    entry = WORDS[np.head]
    if np.number > 1:
        return _counted(np, case, how_many=how_many)
    form, sex = entry[case], gender(np)
    if animate(np) and case == "acc" and sex == "m":
        form = entry["gen"]
    if woman and "fem" in entry:
        form, sex = entry["fem" if case == "lemma" else "fem_ins"], "f"
    adjective = spell(agree(np.adjective, case, sex, animate=animate(np)), "ADJ") if np.adjective else []
    return [*adjective, *spell(form, "NOUN")]


def gender(np: NP) -> str:
    """m, f or n."""
    if CATEGORY[np.head] == "given":
        return "f" if np.head in FEMALE else "m"
    return WORDS[np.head]["Declension"][0].replace("x", "m")


def animate(np: NP) -> bool:
    """Whether the accusative is that of a living being."""
    return CATEGORY[np.head] in {"given", "role", "animal"} or np.head in {"person", "animal_class"}


def agree(key: str, case: str, sex: str, *, animate: bool) -> str:
    """The form of an adjective for m, n, f or p(lural)."""
    if animate and case == "acc" and sex in "mp":
        case = "gen"
    lemma = WORDS[key]["lemma"]
    stem, ending = lemma[:-2], ADJECTIVE[case].split()["mnfp".index(sex)]
    if ending == "ый":
        return lemma
    if stem.endswith("н") and lemma.endswith("ий"):  # синий
        return stem + ending[0].translate(SOFT) + ending[1:]
    if stem[-1] in "гкхш":
        ending = ending.replace("ы", "и")
    if stem.endswith("ш") and lemma.endswith("ий") and ending[0] == "о":  # хороший
        ending = "е" + ending[1:]
    return stem + ending


def _name(np: NP, case: str) -> list[Token]:
    """A person, a city or "Банк Ардена"; empty for other noun phrases. Women's foreign family names do not decline."""
    category, entry = CATEGORY[np.head], WORDS[np.head]
    if category == "organisation" and np.city:
        return [
            *spell(entry[case].capitalize(), "PROPN", entity="ORG"),
            *spell(WORDS[np.city]["gen"], "PROPN", entity="ORG"),
        ]
    if category == "city":
        return spell(entry[case], "PROPN", entity="LOC")
    if category != "given":
        return []
    entries = [entry]
    if np.family:
        family = WORDS[np.family]
        if np.head in FEMALE and family["Declension"] == "m":
            family = WORDS.get(f"{np.family}_woman", dict.fromkeys(CASES, family["lemma"]) | {"Declension": "x"})
        entries.append(family)
    forms = [e["gen" if case == "acc" and e["Declension"].startswith("m") else case] for e in entries]
    return spell(" ".join(forms), "PROPN", entity="PER")


def _counted(np: NP, case: str, *, how_many: bool) -> list[Token]:
    """Numeral and noun: 2 to 4 take the genitive singular, more the genitive plural, other cases agree."""
    measure = WORDS[np.head].get("Measure")
    noun = WORDS[measure or np.head]
    sex = noun["Declension"][0]
    number = WORDS[numeral(np.number)]
    few = np.number < 5 and not how_many
    alive = animate(np) and not measure
    nominative = case == "lemma" or (case == "acc" and not (alive and few))
    if nominative:
        digits = spell("сколько", "ADV", answer=False) if how_many else spell(
            number.get("fem", number["lemma"]) if sex == "f" else number["lemma"], "NUM"
        )  # fmt: skip
        form = noun["gen"] if few and np.head != "animal_class" else noun["gen_plural"]
        adjective_case = "lemma" if few and sex == "f" else "gen"
    else:
        adjective_case = "gen" if case == "acc" else case
        digits = spell(number["gen" if adjective_case == "prep" else adjective_case], "NUM")
        form = noun[f"{adjective_case}_plural"]
    adjective = spell(agree(np.adjective, adjective_case, "p", animate=alive), "ADJ") if np.adjective else []
    substance = spell(WORDS[np.head]["gen"], "NOUN") if measure else []
    return [*digits, *adjective, *spell(form, "NOUN"), *substance]


def _verb(c: Clause, sex: str) -> list[Token]:
    """The verb, agreeing with a subject that is m, f, n or p(lural); nothing for "is"."""
    entry, tag = WORDS[c.verb], "AUX" if c.verb == "be" else "VERB"
    if c.verb == "be" and c.tense == "present":
        return []
    if c.tense != "past":
        return spell(entry[f"{c.tense}_plural" if sex == "p" else c.tense], tag)
    masculine = entry["past"]
    feminine = entry.get("past_f", masculine[:-2] + "ась" if masculine.endswith("ся") else masculine + "а")
    stem, end = (feminine[:-3], "сь") if feminine.endswith("сь") else (feminine[:-1], "")
    return spell({"m": masculine, "f": feminine, "n": stem + "о" + end, "p": stem + "и" + end}[sex], tag)


def _agreement(np: NP, *, asked: bool) -> str:
    """What a verb or predicate agrees with: m, f, n or p; "who" is masculine, "what" neuter."""
    if asked:
        return "m" if is_human(np) else "n"
    return "p" if np.number > 1 else gender(np)


def _possession(c: Clause) -> dict[str, list[Token]]:
    """ "У Анны есть книга": the owner after "у"; what is had is the subject, in the genitive under negation."""
    assert c.object is not None
    parts = {
        "subject": [*spell("у", "ADP", answer=False), *noun_phrase(c.subject, "gen")],
        "object": noun_phrase(c.object, "gen" if c.negated else "lemma", how_many=c.asks == "number"),
    }
    if c.tense == "present":
        return parts | {"verb": spell("нет" if c.negated else "есть", "VERB")}
    impersonal = c.negated or c.object.number > 1
    sex = "n" if impersonal else _agreement(c.object, asked=c.asks == "object")
    parts["verb"] = _verb(replace(c, verb="be"), sex)
    return parts | ({"verb.not": spell("не", "PART")} if c.negated else {})


def _in(c: Clause) -> list[Token]:
    return spell("в", "ADP", answer=False) if "In" in WORDS[c.verb] else []


def _question(c: Clause, parts: dict[str, list[Token]]) -> str:
    """Put the question word into the asked part; returns the order of the clause."""
    verb = ["verb.not", "verb"] if c.verb in {"be", "have"} else []
    if c.asks in {None, "polar"}:
        return ORDER
    if c.asks == "number":
        return front(ORDER, "object", *verb)
    part = "daytime" if c.asks == "time" and c.time is None else str(c.asks)
    if part == "place":
        parts[part] = spell("куда" if CATEGORY.get(c.verb) == "motion" else "где", "ADV", answer=False)
    elif part in {"time", "daytime"}:
        parts[part] = spell("когда", "ADV", answer=False)
    else:
        case = {"subject": "lemma", "object": "acc", "recipient": "dat"}[part]
        before: list[Token] = []
        if part == "object" and c.verb == "have":
            case = "gen" if c.negated else "lemma"
        elif part == "subject" and c.verb == "have":
            case, before = "gen", spell("у", "ADP", answer=False)
        elif part == "object" and "In" in WORDS[c.verb]:
            case, before = "prep", _in(c)
        word = WHO[case].split()[0 if is_human(getattr(c, part)) else 1]
        parts[part] = [*before, *spell(word, "PRON", answer=False)]
    return ORDER if part == "subject" else front(ORDER, part, *verb)
