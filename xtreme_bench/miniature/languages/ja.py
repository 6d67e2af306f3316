"""Japanese, segmented, in the plain style. Simplifications: no articles, no honorifics; the future is だろう."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xtreme_bench.miniature.grammar import Token, arrange, is_human, link, name_of, numeral, spell, verb_of, words
from xtreme_bench.miniature.world import CATEGORY, NP, Clause

SPACES = False

# Cl: counter; In: the noun between a thing and its locative particle. Verbs: plain form, stem before ない, past;
# To: the particle of a goal. Adjectives in い inflect, those with an attributive form are verbs, others take だ.
# old_living: old as said of persons and animals; open_book: the verb with such an object (see `verb_of`).
WORDS = words("""
: lemma
anna アンナ
clara クララ
elena エレナ
lina リナ
maria マリア
nora ノラ
olga オルガ
rita リタ
sara サラ
tina ティナ
vera ベラ
zora ゾラ
adam アダム
bruno ブルーノ
david デイビッド
felix フェリックス
ivan イワン
karim カリム
leo レオ
marco マルコ
omar オマル
paul ポール
samir サミール
tomas トマス
amari ・/PUNCT_アマリ
bergen ・/PUNCT_ベルゲン
castro ・/PUNCT_カストロ
demir ・/PUNCT_デミル
fontana ・/PUNCT_フォンタナ
grant ・/PUNCT_グラント
haddad ・/PUNCT_ハダド
ito ・/PUNCT_イトウ
kovac ・/PUNCT_コバチ
lang ・/PUNCT_ラング
moreno ・/PUNCT_モレノ
novak ・/PUNCT_ノバク
okoro ・/PUNCT_オコロ
petrov ・/PUNCT_ペトロフ
rossi ・/PUNCT_ロッシ
tanaka ・/PUNCT_タナカ
arden アーデン
belmar ベルマー
corva コルバ
delfi デルフィ
estra エストラ
falun ファルン
galia ガリア
hadar ハダル
irma イルマ
jorvik ヨルビク
kalmar カルマル
lunda ルンダ
dog 犬 Cl=匹
cat 猫 Cl=匹
horse 馬 Cl=頭
bird 鳥 Cl=羽
cow 牛 Cl=頭
sheep 羊 Cl=頭
fish 魚 Cl=匹
rabbit うさぎ Cl=匹
goat やぎ Cl=匹
duck あひる Cl=羽
apple りんご Cl=個
bread パン Cl=個
cheese チーズ Cl=個
rice 米 Cl=杯
egg 卵 Cl=個
soup スープ Cl=杯
cake ケーキ Cl=個
orange オレンジ Cl=個
meat 肉 Cl=切れ
tomato トマト Cl=個
book 本 Cl=冊
letter 手紙 Cl=通
knife ナイフ Cl=本
lamp ランプ Cl=台
key 鍵 Cl=本
table テーブル Cl=台 In=上
chair 椅子 Cl=脚 In=上
box 箱 Cl=個 In=中
bottle 瓶 Cl=本 In=中
hat 帽子 Cl=個
coat コート Cl=着
ring 指輪 Cl=個
picture 絵 Cl=枚
clock 時計 Cl=個
bag かばん Cl=個 In=中
bicycle 自転車 Cl=台 In=上
teacher 先生 Cl=人
doctor 医者 Cl=人
farmer 農民 Cl=人
student 学生 Cl=人
driver 運転手 Cl=人
cook 料理人 Cl=人
nurse 看護師 Cl=人
writer 作家 Cl=人
painter 画家 Cl=人
soldier 兵士 Cl=人
merchant 商人 Cl=人
singer 歌手 Cl=人
house 家 Cl=軒
garden 庭 Cl=か所
market 市場 Cl=か所
school 学校 Cl=校
station 駅 Cl=か所
hospital 病院 Cl=軒
library 図書館 Cl=館
kitchen 台所 Cl=か所
forest 森 Cl=か所
street 通り Cl=本
bank 銀行 Cl=軒 org=@_銀行
museum 博物館 Cl=館 org=@_博物館
university 大学 Cl=校 org=@_大学
factory 工場 Cl=か所 org=@_工場
person 人 Cl=人
animal_class 動物 Cl=匹
food_class 食べ物 Cl=個
thing 物 Cl=個
: lemma negative past
see 見る 見 見_た/AUX
buy 買う 買わ 買っ_た/AUX
sell 売る 売ら 売っ_た/AUX
find 見つける 見つけ 見つけ_た/AUX
lose なくす なくさ なくし_た/AUX
lose_animal_class 見失う 見失わ 見失っ_た/AUX
eat 食べる 食べ 食べ_た/AUX
eat_soup 飲む 飲ま 飲ん_だ/AUX
cook_verb 料理_する/AUX 料理_し/AUX 料理_し/AUX_た/AUX
cook_verb_rice 炊く 炊か 炊い_た/AUX
cook_verb_soup 作る 作ら 作っ_た/AUX
read 読む 読ま 読ん_だ/AUX
write 書く 書か 書い_た/AUX
clean 拭く 拭か 拭い_た/AUX
carry 運ぶ 運ば 運ん_だ/AUX
open 開ける 開け 開け_た/AUX
open_book 開く 開か 開い_た/AUX
break 壊す 壊さ 壊し_た/AUX
close 閉じる 閉じ 閉じ_た/AUX
close_bottle 閉める 閉め 閉め_た/AUX
paint 描く 描か 描い_た/AUX
wash 洗う 洗わ 洗っ_た/AUX
love 愛し_て/SCONJ_いる/AUX 愛し_て/SCONJ_い/AUX 愛し_て/SCONJ_い/AUX_た/AUX
hate 嫌っ_て/SCONJ_いる/AUX 嫌っ_て/SCONJ_い/AUX 嫌っ_て/SCONJ_い/AUX_た/AUX
need 必要/NOUN_と/ADP_する 必要/NOUN_と/ADP_し 必要/NOUN_と/ADP_し_た/AUX
hide 隠す 隠さ 隠し_た/AUX
choose 選ぶ 選ば 選ん_だ/AUX
forget 忘れる 忘れ 忘れ_た/AUX
give あげる あげ あげ_た/AUX
show 見せる 見せ 見せ_た/AUX
send 送る 送ら 送っ_た/AUX
bring 届ける 届け 届け_た/AUX
sleep 眠る 眠ら 眠っ_た/AUX
laugh 笑う 笑わ 笑っ_た/AUX
cry 泣く 泣か 泣い_た/AUX
work 働く 働か 働い_た/AUX
sing 歌う 歌わ 歌っ_た/AUX
dance 踊る 踊ら 踊っ_た/AUX
wait 待つ 待た 待っ_た/AUX
rest 休む 休ま 休ん_だ/AUX
fall 転ぶ 転ば 転ん_だ/AUX
smile ほほえむ ほほえま ほほえん_だ/AUX
go 行く 行か 行っ_た/AUX
come 来る 来 来_た/AUX
run 走る 走ら 走っ_た/AUX
travel 旅行_する/AUX 旅行_し/AUX 旅行_し/AUX_た/AUX
return 戻る 戻ら 戻っ_た/AUX
arrive 着く 着か 着い_た/AUX To=に
say 言う 言わ 言っ_た/AUX
think 考え_て/SCONJ_いる/AUX 考え_て/SCONJ_い/AUX 考え_て/SCONJ_い/AUX_た/AUX
know 知っ_て/SCONJ_いる/AUX 知ら 知っ_て/SCONJ_い/AUX_た/AUX That=と/ADP_いう/VERB_こと/NOUN_を/ADP
hope 願っ_て/SCONJ_いる/AUX 願っ_て/SCONJ_い/AUX 願っ_て/SCONJ_い/AUX_た/AUX That=と/ADP_いう/VERB_こと/NOUN_を/ADP
believe 信じ_て/SCONJ_いる/AUX 信じ_て/SCONJ_い/AUX 信じ_て/SCONJ_い/AUX_た/AUX
have 持っ_て/SCONJ_いる/AUX 持っ_て/SCONJ_い/AUX 持っ_て/SCONJ_い/AUX_た/AUX
have_animal_class 飼っ_て/SCONJ_いる/AUX 飼っ_て/SCONJ_い/AUX 飼っ_て/SCONJ_い/AUX_た/AUX
: lemma negative past attributive
big 大きい
small 小さい
old 古い
old_living 年老い_て/SCONJ_いる/AUX 年老い_て/SCONJ_い/AUX 年老い_て/SCONJ_い/AUX_た/AUX 年老い_た/AUX
new 新しい
red 赤い
blue 青い
green 緑 Link=の
white 白い
black 黒い
good 良い
good_living 善良
bad 悪い
expensive 高価
cheap 安い
clean_adj 清潔
dirty 汚い
happy 幸せ
sad 悲しん_で/SCONJ_いる/AUX 悲しん_で/SCONJ_い/AUX 悲しん_で/SCONJ_い/AUX_た/AUX 悲しん_で/SCONJ_いる/AUX
tired 疲れ_て/SCONJ_いる/AUX 疲れ_て/SCONJ_い/AUX 疲れ_て/SCONJ_い/AUX_た/AUX 疲れ_た/AUX
hungry 空腹 Link=の
strong 強い
weak 弱い
: lemma
two 二
three 三
four 四
five 五
six 六
seven 七
eight 八
nine 九
ten 十
yesterday 昨日
today 今日
tomorrow 明日
morning 朝
evening 夕方
night 夜
and し/SCONJ_、
but が/SCONJ_、
because から/SCONJ_、
then し/SCONJ_、_それから
""")
IS_THERE = {"lemma": "ある", "negative": "", "past": "あっ た/AUX"}
IS_THERE_ALIVE = {"lemma": "いる", "negative": "い", "past": "い た/AUX"}
ORDER = "subject time daytime place recipient object content adjective complement verb verb.asks"


def clause(c: Clause, *, subordinate: bool = False) -> list[Token]:
    """Say a clause: each part with its particle, what is said with と, the verb, か; the subject has が or は."""
    parts = {"subject": _part(c, "subject", "が" if subordinate or c.asks == "subject" else "は")}
    for name, particle in (("object", "を"), ("recipient", "に")):
        if getattr(c, name):
            parts[name] = _part(c, name, particle)
    if c.place:
        goal = WORDS[c.verb].get("To", "へ") if CATEGORY.get(c.verb) == "motion" else "に" if c.verb == "be" else "で"
        inside = WORDS[c.place.head].get("In") if c.asks != "place" else None
        parts["place"] = _part(c, "place", f"の {inside}/NOUN {goal}" if inside else goal)
    for name, key in (("time", c.time), ("daytime", c.daytime)):
        if key and c.asks == "time" and (name == "time" or not c.time):
            parts[name] = spell("いつ", "PRON", answer=False)
        elif key:
            particle = "に" if name == "daytime" else "の" if c.daytime else ""
            parts[name] = spell(WORDS[key]["lemma"], "NOUN") + spell(particle, "ADP", answer=False)
    if c.content:
        that = spell(WORDS[c.verb].get("That", "と"), "ADP")
        parts["content"] = [*clause(replace(c.content, asks=None), subordinate=True), *that]
    parts |= _predicate(c)
    if c.asks:
        if c.verb == "be":  # no だ before か
            parts["verb"] = [token for token in parts["verb"] if token.text != "だ"]
        parts["verb.asks"] = spell("か", "PART")
    return arrange(ORDER, parts)


def join(clauses: Sequence[Clause], connective: str) -> list[Token]:
    """Clauses linked by a word; the reason comes first (から), its slots prefixed "2." all the same."""
    if connective != "because":
        return link([clause(c) for c in clauses], spell(WORDS[connective]["lemma"], "ADV"))
    first, reason = clauses
    told = [token._replace(slot=f"2.{token.slot}") for token in clause(reason, subordinate=True)]
    return [*told, *spell(WORDS["because"]["lemma"], "SCONJ"), *clause(first)]


def noun_phrase(np: NP, *, how_many: bool = False) -> list[Token]:
    """Numeral, counter and の, adjective, noun; or a name."""
    if name := name_of(np, WORDS):
        return name
    out: list[Token] = []
    if how_many or np.number > 1:
        out += spell("何" if how_many else WORDS[numeral(np.number)]["lemma"], "NUM")
        out += [*spell(WORDS[np.head]["Cl"], "NOUN"), *spell("の", "ADP")]
    if np.adjective:
        entry = _adjective(np.adjective, np)
        out += spell(entry.get("attributive", entry["lemma"]), "VERB" if "attributive" in entry else "ADJ")
        if _takes_copula(entry):
            out += spell(entry.get("Link", "な"), "ADP" if "Link" in entry else "AUX")
    return [*out, *spell(WORDS[np.head]["lemma"], "NOUN")]


def _part(c: Clause, name: str, particle: str) -> list[Token]:
    """A part of the clause, or the question word for it, with its particle."""
    np: NP = getattr(c, name)
    tokens = noun_phrase(np, how_many=c.asks == "number" and name == "object")
    if c.asks == name:
        tokens = spell("どこ" if name == "place" else "誰" if is_human(np) else "何", "PRON", answer=False)
    return tokens + spell(particle, "ADP", answer=False)


def _living(np: NP) -> bool:
    return CATEGORY[np.head] in {"given", "animal", "role"} or np.head in {"person", "animal_class"}


def _adjective(key: str, np: NP) -> Mapping[str, str]:
    """The entry of an adjective, as said of things or of the living (古い, 年老いた)."""
    return WORDS.get(f"{key}_living", WORDS[key]) if _living(np) else WORDS[key]


def _takes_copula(entry: Mapping[str, str]) -> bool:
    return "attributive" not in entry and not entry["lemma"].endswith("い")


def _predicate(c: Clause) -> dict[str, list[Token]]:
    """Verb, adjective or copula in tense and negation."""
    if c.verb != "be":
        return {"verb": _conjugate(verb_of(c, WORDS), c)}
    if c.adjective:
        entry_of = _adjective(c.adjective, c.subject)
        if "negative" in entry_of:
            return {"adjective": _conjugate(entry_of, c), "verb": []}
        if _takes_copula(entry_of):
            return {"adjective": spell(entry_of["lemma"], "ADJ"), "verb": _copula(c)}
        form = "く" if c.negated else "かっ" if c.tense == "past" else "い"
        ending = _not(c) if c.negated else {"present": "", "past": "た", "future": "だろう"}[c.tense]
        return {"adjective": spell(entry_of["lemma"].removesuffix("い") + form, "ADJ"), "verb": spell(ending, "AUX")}
    if c.complement:
        return {"complement": noun_phrase(replace(c.complement, number=1)), "verb": _copula(c)}
    return {"verb": _conjugate(IS_THERE_ALIVE if _living(c.subject) else IS_THERE, c)}


def _conjugate(verb: Mapping[str, str], c: Clause) -> list[Token]:
    if c.negated:
        return [*spell(verb["negative"], "VERB"), *spell(_not(c), "AUX")]
    form = verb["past" if c.tense == "past" else "lemma"]
    return [*spell(form, "VERB"), *spell("だろう" if c.tense == "future" else "", "AUX")]


def _not(c: Clause) -> str:
    return {"present": "ない", "past": "なかっ た", "future": "ない だろう"}[c.tense]


def _copula(c: Clause) -> list[Token]:
    if c.negated:
        return spell(f"で は/ADP {_not(c)}", "AUX")
    return spell({"present": "だ", "past": "だっ た", "future": "だろう"}[c.tense], "AUX")
