"""Spanish. Simplifications: no clitic doubling ("dio el libro al profesor"), reported clauses in the indicative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xtreme_bench.miniature.grammar import (
    Token,
    arrange,
    connective_of,
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

# fem is a woman in the role; State adjectives take "estar"; That is the complementiser (else "que").
# Chosen to keep concepts apart: "guisar" (cocina is the kitchen), "fregar" (limpia is an adjective), "aguardar" to
# wait and "confiar en que" to hope (both "esperar"), "al amanecer" for the morning ("mañana" is tomorrow).
WORDS = latin_names() | words("""
maria María
felix Félix
ivan Iván
tomas Tomás
: lemma plural Gender
dog perro perros m
cat gato gatos m
horse caballo caballos m
bird pájaro pájaros m
cow vaca vacas f
sheep oveja ovejas f
fish pez peces m
rabbit conejo conejos m
goat cabra cabras f
duck pato patos m
apple manzana manzanas f
bread pan panes m Mass=yes
cheese queso quesos m Mass=yes
rice arroz platos_de/ADP_arroz m Mass=yes
egg huevo huevos m
soup sopa sopas f Mass=yes
cake pastel pasteles m
orange naranja naranjas f
meat carne piezas_de/ADP_carne f Mass=yes
tomato tomate tomates m
book libro libros m
letter carta cartas f
knife cuchillo cuchillos m
lamp lámpara lámparas f
key llave llaves f
table mesa mesas f
chair silla sillas f
box caja cajas f
bottle botella botellas f
hat sombrero sombreros m
coat abrigo abrigos m
ring anillo anillos m
picture cuadro cuadros m
clock reloj relojes m
bag bolsa bolsas f
bicycle bicicleta bicicletas f
teacher profesor profesores m fem=profesora
doctor médico médicos m fem=médica
farmer granjero granjeros m fem=granjera
student estudiante estudiantes m fem=estudiante
driver conductor conductores m fem=conductora
cook cocinero cocineros m fem=cocinera
nurse enfermero enfermeros m fem=enfermera
writer escritor escritores m fem=escritora
painter pintor pintores m fem=pintora
soldier soldado soldados m fem=soldado
merchant comerciante comerciantes m fem=comerciante
singer cantante cantantes m fem=cantante
house casa casas f
garden jardín jardines m
market mercado mercados m
school escuela escuelas f
station estación estaciones f
hospital hospital hospitales m
library biblioteca bibliotecas f
kitchen cocina cocinas f
forest bosque bosques m
street calle calles f
bank banco bancos m org=Banco_de/ADP_@
museum museo museos m org=Museo_de/ADP_@
university universidad universidades f org=Universidad_de/ADP_@
factory fábrica fábricas f org=Fábrica_de/ADP_@
person persona personas f
animal_class animal animales m
food_class alimento alimentos m
thing cosa cosas f
: present past past_plural future
see ve vio vieron verá
buy compra compró compraron comprará
sell vende vendió vendieron venderá
find encuentra encontró encontraron encontrará
lose pierde perdió perdieron perderá
eat come comió comieron comerá
cook_verb guisa guisó guisaron guisará
read lee leyó leyeron leerá
write escribe escribió escribieron escribirá
clean friega fregó fregaron fregará
carry lleva llevó llevaron llevará
open abre abrió abrieron abrirá
close cierra cerró cerraron cerrará
break rompe rompió rompieron romperá
paint pinta pintó pintaron pintará
wash lava lavó lavaron lavará
love ama amaba amaban amará
hate odia odiaba odiaban odiará
need necesita necesitaba necesitaban necesitará
hide esconde escondió escondieron esconderá
choose elige eligió eligieron elegirá
forget olvida olvidó olvidaron olvidará
give da dio dieron dará
show muestra mostró mostraron mostrará
send envía envió enviaron enviará
bring trae trajo trajeron traerá
sleep duerme durmió durmieron dormirá
laugh ríe rio rieron reirá
cry llora lloró lloraron llorará
work trabaja trabajó trabajaron trabajará
sing canta cantó cantaron cantará
dance baila bailó bailaron bailará
wait aguarda aguardó aguardaron aguardará
rest descansa descansó descansaron descansará
fall cae cayó cayeron caerá
smile sonríe sonrió sonrieron sonreirá
go va fue fueron irá
come viene vino vinieron vendrá
run corre corrió corrieron correrá
travel viaja viajó viajaron viajará
return vuelve volvió volvieron volverá
arrive llega llegó llegaron llegará
say dice dijo dijeron dirá
think piensa pensaba pensaban pensará
know sabe sabía sabían sabrá
hope confía confiaba confiaban confiará That=en/ADP_que
believe cree creía creían creerá
have tiene tenía tenían tendrá
be es era eran será present_plural=son
estar está estaba estaban estará
: lemma
big grande
small pequeño
old viejo
new nuevo
red rojo
blue azul
green verde
white blanco
black negro
good bueno
bad malo
expensive caro
cheap barato
clean_adj limpio State=yes
dirty sucio State=yes
happy feliz State=yes
sad triste State=yes
tired cansado State=yes
hungry hambriento State=yes
strong fuerte
weak débil
two dos
three tres
four cuatro
five cinco
six seis
seven siete
eight ocho
nine nueve
ten diez
yesterday ayer
today hoy
tomorrow mañana
morning al/ADP_amanecer
evening al/ADP_atardecer
night por/ADP_la/DET_noche
and y
but ,_pero
because porque
then ,_luego
""")
ORDER = "subject verb.not verb adjective complement object recipient place time daytime content"
DEFINITE, INDEFINITE, HOW_MANY = {"m": "el", "f": "la"}, {"m": "un", "f": "una"}, {"m": "cuántos", "f": "cuántas"}


def clause(c: Clause) -> list[Token]:
    """Say a clause: subject, verb, objects (people with "a"), place, time; the subject follows in questions."""
    parts = {"subject": noun_phrase(c.subject), "verb": _verb(c)}
    if c.negated:
        parts["verb.not"] = spell("no", "ADV")
    if c.adjective:
        asked = c.asks == "subject"  # "qué" and "quién" are masculine
        agreeing = "m" if asked else gender(c.subject)
        form = agree(WORDS[c.adjective]["lemma"], agreeing, plural=c.subject.number > 1 and not asked)
        parts["adjective"] = spell(form, "ADJ")
    if c.complement:
        parts["complement"] = _complement(c.subject, c.complement)
    if c.object:
        phrase = noun_phrase(c.object, how_many=c.asks == "number")
        parts["object"] = _to(phrase) if _takes_a(c) else phrase
    if c.recipient:
        parts["recipient"] = _to(noun_phrase(c.recipient))
    if c.place:
        phrase = noun_phrase(c.place)
        motion = CATEGORY.get(c.verb) == "motion"
        parts["place"] = _to(phrase) if motion else [*spell("en", "ADP", answer=False), *phrase]
    if c.time:
        parts["time"] = spell(WORDS[c.time]["lemma"], "ADV")
    if c.daytime:
        parts["daytime"] = [t._replace(answer=t.upos == "NOUN") for t in spell(WORDS[c.daytime]["lemma"], "NOUN")]
    if c.content:
        that = spell(WORDS[c.verb].get("That", "que"), "SCONJ")
        parts["content"] = [*that, *clause(replace(c.content, asks=None))]
    return arrange(_question(c, parts), parts)


def join(clauses: Sequence[Clause], connective: str) -> list[Token]:
    """Link clauses; "y" is "e" before i-."""
    said = link([clause(c) for c in clauses], connective_of(WORDS, connective))
    after = [*said[1:], said[-1]]
    return [
        t._replace(text="e") if t.text == "y" and n.text[0] in "IÍi" else t for t, n in zip(said, after, strict=True)
    ]


def noun_phrase(np: NP, *, article: bool = True, how_many: bool = False, woman: bool = False) -> list[Token]:
    """Article or numeral, noun, adjective; or a name. A role takes its feminine form for a `woman`."""
    entry = WORDS[np.head]
    if woman and "fem" in entry:
        entry = {"lemma": entry["fem"], "Gender": "f"}
    if name := name_of(np, WORDS):
        return [*spell(DEFINITE[entry["Gender"]], "DET", answer=False), *name] if "Gender" in entry else name
    plural = np.number > 1
    noun = spell(entry["plural" if plural else "lemma"], "NOUN")
    if np.adjective:
        noun += spell(agree(WORDS[np.adjective]["lemma"], entry["Gender"], plural=plural), "ADJ")
    if how_many:
        return [*spell(HOW_MANY[entry["Gender"]], "DET", answer=False), *noun]
    if plural:
        return [*spell(WORDS[numeral(np.number)]["lemma"], "NUM"), *noun]
    if not np.definite and (not article or "Mass" in entry):
        return noun
    return [*spell((DEFINITE if np.definite else INDEFINITE)[entry["Gender"]], "DET", answer=False), *noun]


def gender(np: NP) -> str:
    """The gender that agrees with a noun phrase."""
    return WORDS[np.head].get("Gender", "f" if np.head in FEMALE else "m")


def agree(adjective: str, gender: str, *, plural: bool) -> str:
    """The form of an adjective; those in -o have a feminine."""
    if gender == "f" and adjective.endswith("o"):
        adjective = adjective[:-1] + "a"
    if not plural:
        return adjective
    if adjective.endswith("z"):
        return adjective[:-1] + "ces"
    return adjective + ("s" if adjective[-1] in "aeo" else "es")


def _verb(c: Clause) -> list[Token]:
    """The verb in its tense and number; "be" is "estar" with places and states, else "ser"."""
    state = c.place or (c.adjective and "State" in WORDS[c.adjective])
    entry = WORDS["estar" if c.verb == "be" and state else c.verb]
    tag = "AUX" if c.verb == "be" else "VERB"
    form = entry[c.tense]
    if c.subject.number == 1 or c.asks == "subject":
        return spell(form, tag)
    regular = form.removesuffix("á") + "án" if c.tense == "future" else form + "n"
    return spell(entry.get(f"{c.tense}_plural", regular), tag)


def _complement(subject: NP, np: NP) -> list[Token]:
    """What the subject is; a mere role takes no article and agrees with names of women."""
    article = CATEGORY[np.head] != "role" or np.adjective is not None
    return noun_phrase(np, article=article, woman=subject.head in FEMALE)


def _takes_a(c: Clause) -> bool:
    """Whether the object is a person, who takes "a" (not as something one has)."""
    return (
        c.object is not None and c.verb != "have" and CATEGORY[c.object.head] != "organisation" and is_human(c.object)
    )


def _to(phrase: list[Token]) -> list[Token]:
    """The phrase with "a"; a + el = al."""
    if phrase[0].text == "el":
        return [phrase[0]._replace(text="al", upos="ADP"), *phrase[1:]]
    return [*spell("a", "ADP", answer=False), *phrase]


def _question(c: Clause, parts: dict[str, list[Token]]) -> str:
    """Put the question word into the asked part; returns the order of the clause."""
    if c.asks is None:
        return ORDER
    if c.asks == "polar":
        return front(ORDER, "verb.not", "verb")
    if c.asks == "number":
        return front(ORDER, "object", "verb.not", "verb")
    part = "daytime" if c.asks == "time" and c.time is None else c.asks
    if part == "place":
        parts[part] = spell("adónde" if CATEGORY.get(c.verb) == "motion" else "dónde", "ADV", answer=False)
    elif part in {"time", "daytime"}:
        parts[part] = spell("cuándo", "ADV", answer=False)
    else:
        who = spell("quién" if is_human(getattr(c, part)) else "qué", "PRON", answer=False)
        parts[part] = _to(who) if part == "recipient" or (part == "object" and _takes_a(c)) else who
    return ORDER if part == "subject" else front(ORDER, part, "verb.not", "verb")
