"""Mandarin Chinese, segmented. Simplifications: "the" is a bare noun; past states take 曾, past actions 了; no 把."""

from __future__ import annotations

from dataclasses import replace

from xtreme_bench.miniature.grammar import Token, arrange, form_of, is_human, name_of, numeral, spell, verb_of, words
from xtreme_bench.miniature.world import CATEGORY, NP, Clause

SPACES = False

# Cl: classifier. In: the postposition of a place (else 里). To: marks the recipient (else it follows the verb).
# State: the past is 曾, not 了. The form "animate" is said of persons and animals, "goal" before where one goes.
# eat_soup: see `verb_of`.
WORDS = words("""
anna 安娜
clara 克拉拉
elena 埃琳娜
lina 莉娜
maria 玛丽亚
nora 诺拉
olga 奥尔加
rita 丽塔
sara 萨拉
tina 蒂娜
vera 薇拉
zora 佐拉
adam 亚当
bruno 布鲁诺
david 大卫
felix 费利克斯
ivan 伊万
karim 卡里姆
leo 利奥
marco 马可
omar 奥马尔
paul 保罗
samir 萨米尔
tomas 托马斯
amari ·/PUNCT_阿马里
bergen ·/PUNCT_贝尔根
castro ·/PUNCT_卡斯特罗
demir ·/PUNCT_德米尔
fontana ·/PUNCT_丰塔纳
grant ·/PUNCT_格兰特
haddad ·/PUNCT_哈达德
ito ·/PUNCT_伊藤
kovac ·/PUNCT_科瓦奇
lang ·/PUNCT_朗格
moreno ·/PUNCT_莫雷诺
novak ·/PUNCT_诺瓦克
okoro ·/PUNCT_奥科罗
petrov ·/PUNCT_彼得罗夫
rossi ·/PUNCT_罗西
tanaka ·/PUNCT_田中
arden 阿登
belmar 贝尔马
corva 科尔瓦
delfi 德尔菲
estra 埃斯特拉
falun 法伦
galia 加利亚
hadar 哈达尔
irma 伊尔马
jorvik 约维克
kalmar 卡尔马
lunda 伦达
dog 狗 Cl=只
cat 猫 Cl=只
horse 马 Cl=匹
bird 鸟 Cl=只
cow 奶牛 Cl=头
sheep 绵羊 Cl=只
fish 鱼 Cl=条
rabbit 兔子 Cl=只
goat 山羊 Cl=只
duck 鸭子 Cl=只
apple 苹果 Cl=个
bread 面包 Cl=个
cheese 奶酪 Cl=块
rice 米饭 Cl=碗
egg 鸡蛋 Cl=个
soup 汤 Cl=碗
cake 蛋糕 Cl=块
orange 橙子 Cl=个
meat 肉 Cl=块
tomato 番茄 Cl=个
book 书 Cl=本
letter 信 Cl=封
knife 刀 Cl=把
lamp 灯 Cl=盏
key 钥匙 Cl=把
table 桌子 Cl=张 In=上
chair 椅子 Cl=把 In=上
box 箱子 Cl=个
bottle 瓶子 Cl=个
hat 帽子 Cl=顶
coat 大衣 Cl=件
ring 戒指 Cl=枚
picture 图画 Cl=幅
clock 钟 Cl=座
bag 袋子 Cl=个
bicycle 自行车 Cl=辆
teacher 老师 Cl=名
doctor 医生 Cl=名
farmer 农民 Cl=名
student 学生 Cl=名
driver 司机 Cl=名
cook 厨师 Cl=名
nurse 护士 Cl=名
writer 作家 Cl=名
painter 画家 Cl=名
soldier 士兵 Cl=名
merchant 商人 Cl=名
singer 歌手 Cl=名
house 房子 Cl=座
garden 花园 Cl=座
market 市场 Cl=个
school 学校 Cl=所
station 车站 Cl=个
hospital 医院 Cl=家
library 图书馆 Cl=座
kitchen 厨房 Cl=间
forest 森林 Cl=片
street 街道 Cl=条 In=上
bank 银行 Cl=家 org=@_银行
museum 博物馆 Cl=座 org=@_博物馆
university 大学 Cl=所 org=@_大学
factory 工厂 Cl=家 org=@_工厂
person 人 Cl=个
animal_class 动物 Cl=只
food_class 食物 Cl=份
thing 东西 Cl=件
see 看见
buy 买
sell 卖
find 找到
lose 弄丢
eat 吃
eat_soup 喝
cook_verb 煮
read 读
write 写
clean 擦
carry 搬
open 打开
break 弄坏
close 关上
paint 画
wash 洗
love 爱 State=yes
hate 讨厌 State=yes
need 需要 State=yes
hide 藏
choose 选
forget 忘记
give 送给
show 展示 To=向
send 寄 To=给
bring 带来 To=给
sleep 睡觉
laugh 大笑
cry 哭
work 工作
sing 唱歌
dance 跳舞
wait 等待
rest 休息
fall 摔倒
smile 微笑
go 去
come 来 goal=来到
run 跑步 goal=跑到
travel 旅行 goal=前往
return 回来 goal=回到
arrive 到达
say 说 State=yes
think 认为 State=yes
know 知道 State=yes
hope 希望 State=yes
believe 相信 State=yes
have 有 State=yes
big 大
small 小
old 旧 animate=老
new 新
red 红
blue 蓝
green 绿
white 白
black 黑
good 好
bad 坏
expensive 昂贵
cheap 便宜
clean_adj 干净
dirty 肮脏
happy 快乐
sad 悲伤
tired 疲惫
hungry 饥饿
strong 强壮
weak 虚弱
two 两
three 三
four 四
five 五
six 六
seven 七
eight 八
nine 九
ten 十
yesterday 昨天
today 今天
tomorrow 明天
morning 早上
evening 晚上
night 夜里
and ，_而且
but ，_但是
because ，_因为
then ，_然后""")
BEFORE = "subject time daytime verb.not verb.aux place recipient verb verb.done object content verb.polar"
AFTER = "subject time daytime verb.not verb.aux verb verb.done recipient object adjective complement place verb.polar"


def clause(c: Clause) -> list[Token]:
    """Say a clause: time, negation and 会 or 曾, where, to whom, the verb with 了, its object or what is said."""
    to_goal = CATEGORY.get(c.verb) == "motion" and c.place is not None
    parts = _verb(c, to_goal=to_goal) | {"subject": noun_phrase(c.subject)}
    if c.object:
        parts["object"] = noun_phrase(c.object, how_many=c.asks == "number")
    if c.recipient:
        parts["recipient"] = noun_phrase(c.recipient)
    if c.complement:
        parts["complement"] = noun_phrase(replace(c.complement, definite=True))
    if c.adjective:
        very = [] if c.negated else spell("很", "ADV", answer=False)
        parts["adjective"] = [*very, *_adjective(c.adjective, c.subject)]
    if c.place:
        parts["place"] = noun_phrase(c.place)
    for part, key in (("time", c.time), ("daytime", c.daytime)):
        if key:
            parts[part] = spell(WORDS[key]["lemma"], "NOUN")
    if c.content:
        parts["content"] = clause(replace(c.content, asks=None))
    _ask(c, parts)
    if c.place and not to_goal:
        at = [] if c.verb == "be" else spell("在", "ADP", answer=False)
        parts["place"] = [*at, *parts["place"], *_inside(c)]
    if c.recipient and "To" in WORDS[c.verb]:
        parts["recipient"] = [*spell(WORDS[c.verb]["To"], "ADP", answer=False), *parts["recipient"]]
    if c.recipient and "To" not in WORDS[c.verb]:
        return arrange(BEFORE.replace(" recipient verb verb.done", " verb verb.done recipient"), parts)
    return arrange(AFTER if c.verb == "be" or to_goal else BEFORE, parts)


def noun_phrase(np: NP, *, how_many: bool = False) -> list[Token]:
    """Numeral and classifier (一 for "a", nothing for "the"), adjective, noun; or a name."""
    if name := name_of(np, WORDS):
        return name
    entry = WORDS[np.head]
    counted = how_many or np.number > 1
    out: list[Token] = []
    if counted or not np.definite:
        number = WORDS[numeral(np.number)]["lemma"] if np.number > 1 else "一"
        out += spell("几" if how_many else number, "NUM", answer=counted)
        out += spell(entry["Cl"], "NOUN", answer=counted)
    if np.adjective:
        out += _adjective(np.adjective, np)
        out += spell("的", "PART") if len(out[-1].text) > 1 else []
    return [*out, *spell(entry["lemma"], "NOUN")]


def _adjective(key: str, np: NP) -> list[Token]:
    """An adjective, in the word that suits what it is said of (旧 of things, 老 of the living)."""
    animate = CATEGORY[np.head] in {"given", "animal", "role"} or np.head in {"person", "animal_class"}
    return spell(form_of(WORDS[key], *["animate"] * animate, "lemma"), "ADJ")


def _verb(c: Clause, *, to_goal: bool) -> dict[str, list[Token]]:
    """Negation, the auxiliary of future and past states, the verb, 了 after past actions, 吗 at the end."""
    state = c.verb == "be" or "State" in WORDS[c.verb]
    parts = {"verb.polar": spell("吗", "PART")} if c.asks == "polar" else {}
    if c.negated:
        did_not = c.tense == ("present" if c.verb == "have" else "past") and (c.verb == "have" or not state)
        parts["verb.not"] = spell("没" if did_not else "不", "ADV")
    if c.tense == "future":
        parts["verb.aux"] = spell("会", "AUX")
    elif c.tense == "past" and state:
        parts["verb.aux"] = spell("曾", "ADV")
    elif c.tense == "past" and not c.negated:
        parts["verb.done"] = spell("了", "AUX")
    if c.verb != "be":
        parts["verb"] = spell(form_of(verb_of(c, WORDS), *["goal"] * to_goal, "lemma"), "VERB")
    elif not c.adjective:
        parts["verb"] = spell("是", "AUX") if c.complement else spell("在", "VERB")
    return parts


def _ask(c: Clause, parts: dict[str, list[Token]]) -> None:
    """Put a question word in the asked part."""
    if c.asks in {"subject", "object", "recipient"}:
        parts[c.asks] = spell("谁" if is_human(getattr(c, c.asks)) else "什么", "PRON", answer=False)
    elif c.asks == "place":
        parts["place"] = spell("哪里", "PRON", answer=False)
    elif c.asks == "time":
        parts["time" if c.time else "daytime"] = spell("什么/DET 时候", "NOUN", answer=False)


def _inside(c: Clause) -> list[Token]:
    """The postposition after a place, which names and 哪里 go without."""
    if c.place is None or c.asks == "place" or name_of(c.place, WORDS):
        return []
    return spell(WORDS[c.place.head].get("In", "里"), "ADP", answer=False)
