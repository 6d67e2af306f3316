"""Arabic, Hindi, Chinese, Japanese and Turkish: sentences a native speaker would accept, and their inflection."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace

import pytest

from xtreme_bench.miniature.languages import ar, hi, ja, tr, zh
from xtreme_bench.miniature.realise import join, realise, text
from xtreme_bench.miniature.sample import sentence
from xtreme_bench.miniature.world import CONCEPTS, NP, Clause

SCRIPTS = {
    "ar": ("ARABIC",),
    "hi": ("DEVANAGARI",),
    "zh": ("CJK",),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "tr": ("LATIN",),
}
COUNTED = ("animal", "food", "object", "role", "site", "organisation", "class")
MODULES = {"ar": ar, "hi": hi, "zh": zh, "ja": ja, "tr": tr}

RED_BOOKS = NP("book", adjective="red", number=3)
BOUGHT = Clause("buy", NP("anna"), RED_BOOKS, place=NP("market"), time="yesterday", daytime="morning", tense="past")
GAVE = Clause("give", NP("anna", family="rossi"), NP("apple", definite=False), NP("paul"), tense="past")
SAID = Clause(
    "say", NP("maria"), content=Clause("go", NP("samir"), place=NP("university", city="kalmar"), tense="past")
)
WAS_BIG = Clause("be", NP("table", adjective="old"), adjective="big", tense="past", negated=True)
DOCTOR = Clause("be", NP("anna"), complement=NP("doctor", definite=False))
IN_BOX = Clause("be", NP("book"), place=NP("box"), tense="future")
NO_CAT = Clause("have", NP("doctor", number=2), NP("cat", adjective="black", definite=False), negated=True)
SLEEP = Clause("sleep", NP("cat", adjective="white", number=3), place=NP("garden"))

HAD = Clause("have", NP("karim"), NP("bread", definite=False), tense="past")
ATE_SOUP = Clause("eat", NP("leo"), NP("soup", definite=False), tense="past")
BROUGHT = Clause("bring", NP("olga"), NP("bicycle"), NP("clara"), time="today")


def asking(clause: Clause, part: str) -> Clause:
    return Clause(**{**vars(clause), "asks": part})


SENTENCES = [
    ("hi", Clause("go", NP("anna"), place=NP("street"), tense="future"), "आना सड़क पर जाएगी।"),
    ("hi", Clause("be", NP("anna"), complement=NP("writer", definite=False), tense="past"), "आना लेखिका थी।"),
    ("hi", Clause("give", NP("anna"), NP("rice", definite=False), NP("paul"), tense="past"), "आना ने पॉल को चावल दिया।"),
    ("zh", ATE_SOUP, "利奥喝了一碗汤。"),
    ("zh", Clause("break", NP("anna"), NP("key"), tense="past"), "安娜弄坏了钥匙。"),
    ("tr", Clause("paint", NP("anna"), NP("bird"), tense="past"), "Anna kuşu çizdi."),
    ("ar", BOUGHT, "اشترت آنا ثلاثة كتب حمراء في السوق أمس في الصباح."),
    ("ar", GAVE, "أعطت آنا روسي تفاحة لبول."),
    ("ar", SAID, "تقول ماريا إن سمير ذهب إلى جامعة كالمار."),
    ("ar", WAS_BIG, "لم تكن الطاولة القديمة كبيرة."),
    ("ar", DOCTOR, "آنا طبيبة."),
    ("ar", IN_BOX, "سيكون الكتاب في الصندوق."),
    ("ar", NO_CAT, "لا يملك طبيبان اثنان قطة سوداء."),
    ("ar", SLEEP, "تنام ثلاث قطط بيضاء في الحديقة."),
    ("ar", asking(BOUGHT, "number"), "كم كتابا أحمر اشترت آنا في السوق أمس في الصباح؟"),
    ("ar", asking(GAVE, "recipient"), "لمن أعطت آنا روسي تفاحة؟"),
    ("ar", asking(WAS_BIG, "polar"), "ألم تكن الطاولة القديمة كبيرة؟"),
    ("ar", asking(DOCTOR, "subject"), "من الطبيب؟"),
    ("ar", Clause("need", NP("paul"), NP("hat", adjective="red", number=2)), "يحتاج بول إلى قبعتين اثنتين حمراوين."),
    ("ar", Clause("buy", NP("leo"), NP("rice", number=4), tense="future"), "سيشتري ليو أربعة أطباق من الأرز."),
    ("ar", HAD, "كان كريم يملك خبزا."),
    ("ar", replace(HAD, subject=NP("doctor", number=2)), "كان يملك طبيبان اثنان خبزا."),
    ("ar", asking(replace(HAD, negated=True), "subject"), "من الذي لم يكن يملك خبزا؟"),
    ("ar", asking(Clause("be", NP("book"), adjective="new"), "subject"), "ما الجديد؟"),
    (
        "ar",
        asking(Clause("be", NP("anna"), place=NP("market", adjective="old")), "subject"),
        "من الذي في السوق القديمة؟",
    ),
    ("hi", BOUGHT, "आना ने बीते कल सुबह बाज़ार में तीन लाल किताबें खरीदीं।"),
    ("hi", GAVE, "आना रोसी ने पॉल को एक सेब दिया।"),
    ("hi", SAID, "मारिया कहती है कि समीर कालमार विश्वविद्यालय गया।"),
    ("hi", WAS_BIG, "पुरानी मेज़ बड़ी नहीं थी।"),
    ("hi", DOCTOR, "आना डॉक्टर है।"),
    ("hi", IN_BOX, "किताब बक्से में होगी।"),
    ("hi", NO_CAT, "दो डॉक्टरों के पास एक काली बिल्ली नहीं है।"),
    ("hi", SLEEP, "तीन सफ़ेद बिल्लियाँ बगीचे में सोती हैं।"),
    ("hi", asking(BOUGHT, "number"), "आना ने बीते कल सुबह बाज़ार में कितनी लाल किताबें खरीदीं?"),
    ("hi", asking(GAVE, "subject"), "किसने पॉल को एक सेब दिया?"),
    ("hi", asking(WAS_BIG, "polar"), "क्या पुरानी मेज़ बड़ी नहीं थी?"),
    ("hi", Clause("need", NP("paul"), NP("hat"), tense="past"), "पॉल को टोपी चाहिए थी।"),
    ("hi", Clause("love", NP("lina"), NP("ivan"), tense="past"), "लीना इवान से प्यार करती थी।"),
    ("hi", ATE_SOUP, "लियो ने सूप पिया।"),
    ("hi", replace(ATE_SOUP, tense="present"), "लियो सूप पीता है।"),
    ("hi", replace(ATE_SOUP, tense="future"), "लियो सूप पिएगा।"),
    ("zh", BOUGHT, "安娜昨天早上在市场里买了三本红书。"),
    ("zh", GAVE, "安娜·罗西送给了保罗一个苹果。"),
    ("zh", SAID, "玛丽亚说萨米尔去了卡尔马大学。"),
    ("zh", DOCTOR, "安娜是医生。"),
    ("zh", IN_BOX, "书会在箱子里。"),
    ("zh", NO_CAT, "两名医生没有一只黑猫。"),
    ("zh", SLEEP, "三只白猫在花园里睡觉。"),
    ("zh", asking(BOUGHT, "number"), "安娜昨天早上在市场里买了几本红书？"),
    ("zh", asking(GAVE, "recipient"), "安娜·罗西送给了谁一个苹果？"),
    ("zh", asking(DOCTOR, "polar"), "安娜是医生吗？"),
    ("zh", Clause("eat", NP("leo"), NP("egg"), tense="past", negated=True), "利奥没吃鸡蛋。"),
    ("zh", Clause("be", NP("coat"), adjective="expensive", negated=True), "大衣不昂贵。"),
    # Not "不会很坏", which denies only that it will be very bad.
    ("zh", Clause("be", NP("coat"), adjective="bad", tense="future", negated=True), "大衣不会坏。"),
    ("zh", Clause("be", NP("coat"), adjective="dirty", tense="past", negated=True), "大衣不曾肮脏。"),
    ("ja", BOUGHT, "アンナは昨日の朝に市場で三冊の赤い本を買った。"),
    ("ja", GAVE, "アンナ・ロッシはポールにりんごをあげた。"),
    ("ja", SAID, "マリアはサミールがカルマル大学へ行ったと言う。"),
    ("ja", WAS_BIG, "古いテーブルは大きくなかった。"),
    ("ja", DOCTOR, "アンナは医者だ。"),
    ("ja", IN_BOX, "本は箱の中にあるだろう。"),
    ("ja", NO_CAT, "二人の医者は黒い猫を飼っていない。"),
    ("ja", SLEEP, "三匹の白い猫は庭で眠る。"),
    ("ja", asking(BOUGHT, "number"), "アンナは昨日の朝に市場で何冊の赤い本を買ったか？"),
    ("ja", asking(GAVE, "subject"), "誰がポールにりんごをあげたか？"),
    ("ja", asking(DOCTOR, "polar"), "アンナは医者か？"),
    ("ja", Clause("be", NP("teacher", adjective="old"), adjective="happy"), "年老いた先生は幸せだ。"),
    ("ja", Clause("be", NP("singer", adjective="sad"), adjective="good"), "悲しんでいる歌手は善良だ。"),
    ("sw", ATE_SOUP, "Leon alikunywa supu."),
    ("sw", replace(ATE_SOUP, tense="present", negated=True), "Leon hanywi supu."),
    ("ja", ATE_SOUP, "レオはスープを飲んだ。"),
    ("ja", Clause("open", NP("leo"), NP("book"), tense="past"), "レオは本を開いた。"),
    ("ja", Clause("have", NP("leo"), NP("animal_class", definite=False)), "レオは動物を飼っている。"),
    ("ja", Clause("lose", NP("leo"), NP("dog"), negated=True), "レオは犬を見失わない。"),
    ("ja", Clause("hope", NP("leo"), content=DOCTOR), "レオはアンナが医者だということを願っている。"),
    ("tr", BOUGHT, "Anna dün sabah pazarda üç kırmızı kitap satın aldı."),
    ("tr", GAVE, "Anna Rossi Paul'a bir elma verdi."),
    ("tr", SAID, "Maria diyor ki Samir Kalmar Üniversitesine gitti."),
    ("tr", WAS_BIG, "Eski masa büyük değildi."),
    ("tr", DOCTOR, "Anna doktor."),
    ("tr", IN_BOX, "Kitap kutuda olacak."),
    ("tr", NO_CAT, "İki doktorun siyah bir kedisi yok."),
    ("tr", SLEEP, "Üç beyaz kedi bahçede uyuyor."),
    ("tr", asking(BOUGHT, "number"), "Anna dün sabah pazarda kaç kırmızı kitap satın aldı?"),
    ("tr", asking(GAVE, "subject"), "Paul'a kim bir elma verdi?"),
    ("tr", asking(WAS_BIG, "polar"), "Eski masa büyük değil miydi?"),
    ("tr", Clause("hate", NP("felix"), NP("clock"), tense="past"), "Felix saatten nefret ediyordu."),
    ("tr", Clause("hate", NP("leo"), NP("felix")), "Leo Felix'ten nefret ediyor."),
    ("tr", Clause("love", NP("leo"), NP("writer", definite=False)), "Leo bir yazarı seviyor."),
    ("tr", ATE_SOUP, "Leo çorba içti."),
    ("tr", HAD, "Karim'in ekmeği vardı."),
    ("tr", Clause("be", NP("apple"), complement=NP("food_class", definite=False)), "Elma bir yiyecek."),
    ("tr", asking(Clause("be", NP("anna"), place=NP("station"), tense="past"), "subject"), "Kim istasyondaydı?"),
    ("tr", BROUGHT, "Olga bugün bisikleti Clara'ya getiriyor."),
    ("tr", asking(BROUGHT, "time"), "Olga bisikleti Clara'ya ne zaman getiriyor?"),
    ("tr", asking(BROUGHT, "object"), "Olga bugün Clara'ya ne getiriyor?"),
]


@pytest.mark.parametrize(("code", "clause", "sentence"), SENTENCES)
def test_a_sentence_reads_as_a_native_would_write_it(code, clause, sentence):
    assert text(realise(clause, code), code) == sentence


LINKED = [
    ("because", "ar", "نامت آنا لأن إيفان لم يغن."),
    ("and", "ar", "نامت آنا ولم يغن إيفان."),
    ("but", "hi", "आना सोई, लेकिन इवान ने नहीं गाया।"),
    ("then", "zh", "安娜睡觉了，然后伊万没唱歌。"),
    ("because", "ja", "イワンが歌わなかったから、アンナは眠った。"),
    ("and", "ja", "アンナは眠ったし、イワンは歌わなかった。"),
    ("then", "ja", "アンナは眠ったし、それからイワンは歌わなかった。"),
    ("because", "tr", "Anna uyudu, çünkü Ivan şarkı söylemedi."),
]


@pytest.mark.parametrize(("connective", "code", "sentence"), LINKED)
def test_linked_clauses_read_as_a_native_would_write_them(connective, code, sentence):
    clauses = [Clause("sleep", NP("anna"), tense="past"), Clause("sing", NP("ivan"), tense="past", negated=True)]
    assert text(join(clauses, connective, code), code) == sentence


def test_the_slots_of_a_second_clause_are_prefixed_in_whatever_order_the_clauses_stand():
    clauses = [Clause("sleep", NP("anna"), tense="past"), Clause("sing", NP("ivan"), tense="past")]
    for code in MODULES:
        slots = {token.slot: token.text for token in join(clauses, "because", code) if token.entity}
        assert set(slots) == {"subject", "2.subject"}, code
        assert slots["subject"] == MODULES[code].WORDS["anna"]["lemma"]


@pytest.mark.parametrize("code", SCRIPTS)
def test_sampled_sentences_are_composed_unicode_in_one_script(code):
    rng = random.Random(5)
    for _ in range(400):
        drawn = sentence(rng)
        if isinstance(drawn, Clause):
            tokens = realise(drawn, code)
        else:
            tokens = join([drawn.first, drawn.second], drawn.connective, code)
        said = text(tokens, code)
        assert said == unicodedata.normalize("NFC", said)
        letters = [unicodedata.name(letter) for letter in said if letter.isalpha() and letter != "ー"]
        assert all(name.startswith(SCRIPTS[code]) for name in letters), said
        assert (" " in said) == MODULES[code].SPACES or len(tokens) <= 3


@pytest.mark.parametrize("code", ["ar", "hi", "zh", "ja", "tr"])
def test_who_acts_and_who_is_acted_on_are_told_apart_in_questions(code):
    seen = Clause("see", NP("paul"), NP("leo"), tense="past", asks="object")
    sees = Clause("see", NP("leo"), NP("paul"), tense="past", asks="subject")
    assert text(realise(seen, code), code) != text(realise(sees, code), code)


@pytest.mark.parametrize(
    ("word", "suffix", "expected"),
    [
        ("ev", "DA", "evde"), ("sokak", "DA", "sokakta"), ("kutu", "yI", "kutuyu"), ("şoför", "yI", "şoförü"),
        ("masa", "sI", "masası"), ("müze", "nIn", "müzenin"), ("Bruno", "yA", "Brunoya"), ("değil", "mI", "değilmi"),
    ],
)  # fmt: skip
def test_turkish_suffixes_follow_vowel_harmony(word, suffix, expected):
    assert tr.attach(word, suffix) == expected


@pytest.mark.parametrize(
    ("verb", "present", "past", "future", "negative"),
    [
        ("eat", "yiyor", "yedi", "yiyecek", "yemiyor"), ("go", "gidiyor", "gitti", "gidecek", "gitmiyor"),
        ("read", "okuyor", "okudu", "okuyacak", "okumuyor"), ("carry", "taşıyor", "taşıdı", "taşıyacak", "taşımıyor"),
        ("know", "biliyor", "biliyordu", "bilecek", "bilmiyor"), ("cry", "ağlıyor", "ağladı", "ağlayacak", "ağlamıyor"),
    ],
)  # fmt: skip
def test_turkish_verbs_are_conjugated_as_in_a_grammar_book(verb, present, past, future, negative):
    entry = tr.WORDS[verb]
    forms = [tr.conjugate(entry, tense, negated=False) for tense in ("present", "past", "future")]
    assert [*forms, tr.conjugate(entry, "present", negated=True)] == [present, past, future, negative]


@pytest.mark.parametrize(
    ("head", "number", "expected"),
    [
        ("dog", 1, "कुत्ते"), ("dog", 2, "दो कुत्तों"), ("cat", 2, "दो बिल्लियों"), ("book", 2, "दो किताबों"),
        ("knife", 2, "दो चाकुओं"), ("person", 2, "दो व्यक्तियों"), ("rice", 2, "दो कटोरी चावल"),
    ],
)  # fmt: skip
def test_hindi_nouns_are_oblique_before_a_postposition(head, number, expected):
    assert " ".join(token.text for token in hi.noun_phrase(NP(head, number=number), oblique=True)) == expected


def test_arabic_numerals_and_adjectives_agree_with_what_they_count():
    def said(np: NP, case: str) -> str:
        return " ".join(token.text for token in ar.noun_phrase(np, case))

    assert said(NP("nurse", adjective="tired", number=3), "nom") == "ثلاث ممرضات متعبات"
    assert said(NP("teacher", adjective="tired", number=3), "nom") == "ثلاثة معلمين متعبين"
    assert said(NP("book", adjective="new", definite=False), "acc") == "كتابا جديدا"
    assert said(NP("thing", number=2), "acc") == "شيئين اثنين"
    assert said(NP("hospital", adjective="old"), "gen") == "المستشفى القديم"


def test_every_common_noun_has_its_counter_in_chinese_and_japanese():
    for module in (zh, ja):
        for head in (key for kind in COUNTED for key in CONCEPTS[kind]):
            *_, noun = module.noun_phrase(NP(head, number=4))
            assert noun.text == module.WORDS[head]["lemma"]
            assert module.noun_phrase(NP(head, number=4))[1].text == module.WORDS[head]["Cl"]
