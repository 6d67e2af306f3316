"""The experiments that the page of findings tells of: the question of each, its arms, and how to make its records."""

from __future__ import annotations

from dataclasses import dataclass

# A column of the tables: a target, or "<target>/transfer" for its languages other than English; and the layer that it
# is scored at, None where the layer does not matter.
Column = tuple[str, int | None]


@dataclass(frozen=True)
class Question:
    """Is the arm `better` better than the arm `than`, by their recipes' contrast, where they name one, and at columns?

    A question without columns is one of the page's own: its answers stand at the top. `claim` is the published one that
    it puts to the test.
    """

    text: str
    better: str
    than: str
    columns: tuple[Column, ...] = ()
    claim: str = ""


@dataclass(frozen=True)
class Experiment:
    """One section of the page. `folder` has its records, below the folder of all of them.

    `untrained` is the arm that all others are beside. `prepare` is what `data prepare` is given to make the gold labels
    of the test sets. `more` is a command for what else is on record.
    """

    folder: str
    title: str
    about: str
    untrained: str
    questions: tuple[Question, ...]
    prepare: str
    caveats: str
    more: str = ""


_RETRIEVAL: tuple[Column, ...] = (("tatoeba", 7), ("tatoeba", 12))
_BUCC: tuple[Column, ...] = (("bucc2018", 7), ("bucc2018", 12))
_NLI: tuple[Column, ...] = (("xnli", None), *_RETRIEVAL)
_QA: tuple[Column, ...] = (("xquad", None), ("mlqa", None))

# What Phang et al. (2020) found with XLM-R Large and tasks in English.
_HELPS_RETRIEVAL = "intermediate training helps retrieval, and that most"
_HELPS_QA = "it helps question answering"
_NOT_NLI = "it does not help XNLI"
_SEVERAL = "nine tasks together are better than the best one"
_NO_MLM = "masked text beside the tasks does not help"

_RATE = """\
- One learning rate for all aligned text, 5e-5: the best of four by XDM's perplexity on held-out lines with seed 4 after
  100 steps (714; 814 at 1e-4, 915 at 3e-4, 1,038 at 1e-3). Lower ones were not tried.
- Response masking spoilt the encoder with one of three seeds (Tatoeba 33.2 at layer 12, the tracker 16.3 in German),
  so its means and intervals say little."""
_NINE = (
    "DATA --dev-as-test xnli --dev-as-test pawsx --dev-as-test panx --dev-as-test mlqa --dev-as-test bucc2018 "
    "--sample {}"
)
_CURVES = "python benchmarks/layers.py OUT --store store --json docs/findings/{}/layers.json"

# fmt: off
EXPERIMENTS = (
    Experiment(
        folder="nli",
        title="Natural language inference",
        about="""\
`pocket-english`, `pocket-distant`, `pocket-diverse` and `pocket-diverse-en` differ in the languages of the
intermediate task alone: items, order, batches and steps are the same. The task is NLI, from XNLI's development set. Its
first two thirds are trained on. Its last fifth, not all of the last third, is the test set of XNLI. No item is on both
sides in any language.""",
        untrained="pocket-none",
        questions=(
            Question("NLI: are twelve languages other than English better than English alone?",
                     "pocket-diverse", "pocket-english"),
            Question("Are thirteen languages, English among them, better than English alone?",
                     "pocket-diverse-en", "pocket-english", _NLI),
            Question("Are twelve languages better than one distant language?",
                     "pocket-diverse", "pocket-distant", _NLI),
            Question("Does NLI in English help retrieval?", "pocket-english", "pocket-none",
                     (*_RETRIEVAL, *_BUCC), _HELPS_RETRIEVAL),
            Question("Does NLI in English help question answering?", "pocket-english", "pocket-none",
                     (*_QA, ("tydiqa", None)), _HELPS_QA),
            Question("Does NLI in English help PAWS-X?", "pocket-english", "pocket-none", (("pawsx", None),)),
            Question("Does NLI in English help XNLI?", "pocket-english", "pocket-none", (("xnli", None),), _NOT_NLI),
        ),
        prepare=_NINE.format(100),
        caveats="""\
- XNLI is also a target, and fine-tuned on the same items: all arms but `pocket-none` pass over them more often, or
  also in translation. A gain over it there is no transfer between tasks.
- Question answering is fine-tuned on 640 questions, PAWS-X on 1,600 pairs: far from what they need.
- XQuAD is scored in English and Thai, MLQA in German, PAWS-X in English, German, Japanese and Korean, TyDiQA in
  English, Finnish, Indonesian and Telugu, BUCC on the development pairs of Chinese alone.
- The test set of PAWS-X is a stand-in: the last fifth of its development set.""",
        more=_CURVES.format("nli"),
    ),
    Experiment(
        folder="paraphrase",
        title="Paraphrase",
        about="""\
The same comparison with another task: paraphrase, from PAWS-X's development set, whose last fifth is the test
set. The arms differ in the languages of that task alone: English, or German, Spanish, French, Japanese, Korean and
Chinese in turn.""",
        untrained="pocket-none",
        questions=(
            Question("Paraphrase: are six languages other than English better than English alone?",
                     "pocket-paraphrase-diverse", "pocket-paraphrase-english"),
            Question("Does paraphrase in English help retrieval?",
                     "pocket-paraphrase-english", "pocket-none", (*_RETRIEVAL, *_BUCC), _HELPS_RETRIEVAL),
            Question("Does paraphrase in English help question answering?",
                     "pocket-paraphrase-english", "pocket-none", _QA, _HELPS_QA),
            Question("Does paraphrase in English help XNLI?",
                     "pocket-paraphrase-english", "pocket-none", (("xnli", None),), _NOT_NLI),
            Question("Does paraphrase in English help PAWS-X?",
                     "pocket-paraphrase-english", "pocket-none", (("pawsx", None),)),
        ),
        prepare=_NINE.format(100),
        caveats="""\
- PAWS-X is also a target, and fine-tuned on the same items: the arms with intermediate training pass over them more
  often, or also in translation.
- Question answering is fine-tuned on 640 questions, PAWS-X on 1,600 pairs: far from what they need.
- `pocket-none` is that of the section on natural language inference.
- XQuAD is scored in English and Thai, MLQA in German, PAWS-X in English, German, Japanese and Korean, TyDiQA in
  English, Finnish, Indonesian and Telugu, BUCC on the development pairs of Chinese alone.""",
        more=_CURVES.format("paraphrase"),
    ),
    Experiment(
        folder="qa",
        title="Question answering",
        about="""\
A comparison of the same kind with a third task: question answering, from TyDiQA's training set, in English or in Korean
and Swahili. The questions were asked in each language by itself, so the arms have as many, but different ones.""",
        untrained="pocket-qa-none",
        questions=(
            Question("Question answering: are Korean and Swahili better than English?",
                     "pocket-qa-diverse", "pocket-qa-english"),
            Question("Does TyDiQA in English help XQuAD and MLQA?",
                     "pocket-qa-english", "pocket-qa-none", _QA, _HELPS_QA),
            Question("Does TyDiQA in English help XNLI?",
                     "pocket-qa-english", "pocket-qa-none", (("xnli", None),), _NOT_NLI),
            Question("Does TyDiQA in English help PAWS-X?",
                     "pocket-qa-english", "pocket-qa-none", (("pawsx", None),)),
            Question("Does TyDiQA in English help retrieval?",
                     "pocket-qa-english", "pocket-qa-none", (*_RETRIEVAL, *_BUCC), _HELPS_RETRIEVAL),
        ),
        prepare=_NINE.format(40),
        caveats="""\
- The arms differ in the questions, not only in their languages.
- Question answering is fine-tuned on 400 questions, XNLI and PAWS-X on 1,600 pairs: far from what they need. XNLI is
  hardly above chance, 33, and PAWS-X hardly leaves its more frequent label, 67.5. All test sets have 40 items a
  language, BUCC 40 gold pairs.
- PAWS-X is scored in English, German, Japanese and Korean, MLQA in Arabic, German, English, Hindi and Chinese, TyDiQA
  in English, Finnish, Indonesian and Telugu, BUCC on the development pairs of Chinese alone.
- TyDiQA is one of the nine. `pocket-qa-english` reads questions of the set that TyDiQA is fine-tuned on,
  `pocket-qa-diverse` those of other languages.""",
        more=_CURVES.format("qa"),
    ),
    Experiment(
        folder="mixed",
        title="Several tasks, and masked text",
        about="""\
Both arms add something to NLI in English. `pocket-several` adds paraphrase and question answering in English, in the
same 200 steps, about half of them NLI. `pocket-mlm` adds masked text in 13 languages, in 300 steps, about 200 of them
NLI.""",
        untrained="pocket-english",
        questions=(
            Question("Are several tasks better than one?", "pocket-several", "pocket-english", _NLI, _SEVERAL),
            Question("Does masked text beside the task help?", "pocket-mlm", "pocket-english", _NLI, _NO_MLM),
        ),
        prepare=_NINE.format(100),
        caveats="""\
- `pocket-english` is also in the section on natural language inference, from another run and with other numbers.
- `pocket-mlm` reads 13 languages, the others one. Both arms read more tokens than `pocket-english`; the column of
  tokens counts no masked text, and all items of each task once, however many of them were drawn.
- The encoder has no head for masked text in its wheel, so `pocket-mlm` begins with a new one.""",
        more=_CURVES.format("mixed"),
    ),
    Experiment(
        folder="aligned",
        title="Aligned text before retrieval",
        about="""\
Does training on aligned dialogues (BConTrasT, English and German) help or hurt retrieval? The arms differ in the
task alone: translation language modelling of chats (TLM), cross-lingual dialogue modelling (XDM), response masking.
Each has 2,000 examples, once.""",
        untrained="pocket-retrieval",
        questions=(
            Question("Does TLM help retrieval?", "pocket-tlm", "pocket-retrieval", _RETRIEVAL),
            Question("Does XDM help retrieval?", "pocket-xdm", "pocket-retrieval", _RETRIEVAL),
            Question("Does response masking help retrieval?", "pocket-response", "pocket-retrieval", _RETRIEVAL),
        ),
        prepare="DATA --sample 100",
        caveats=f"""\
- German is in the text that the encoder is trained on; the other languages are not.
{_RATE}""",
        more=_CURVES.format("aligned"),
    ),
    Experiment(
        folder="methods",
        title="Prompt tuning beside fine-tuning",
        about="""\
A frozen encoder with a prefix that learns (16 keys and values in every block, and the head), beside the same
encoder of which all weights learn. Both see the same English examples in the same order and batches, for as many steps.
The learning rate of the prefix was chosen by English development scores with seed 9, which is not among the seeds
below; that of fine-tuning is the one of the other arms.""",
        untrained="pocket-finetune",
        questions=(
            Question("Is prompt tuning better than fine-tuning?", "pocket-prompt", "pocket-finetune",
                     (("udpos", None), ("udpos/transfer", None), ("panx", None), ("panx/transfer", None))),
        ),
        prepare="DATA --dev-as-test panx --sample 50",
        caveats="""\
- Both trainings are short (150 steps of 16 sentences). The paper of prompt tuning gives it 30 epochs and
  fine-tuning 2 to 5, so this says nothing of long trainings.
- The gap is the score in English minus the mean of the other languages.
- CPU seconds are those of a training with its evaluations, of one thread on a busy machine.""",
    ),
    Experiment(
        folder="dialogue",
        title="Dialogue state tracking",
        about="""\
Does training on aligned dialogues (BConTrasT, English and German) before a tracker is trained on English dialogues
help it in German? The tracker, its examples and steps are the same in all arms; only the intermediate task differs. The
encoder saw no Italian in any intermediate task. Moghe et al. 2021 (arXiv 2109.13620) report gains of over 20
points.""",
        untrained="pocket-dst",
        questions=tuple(
            Question(f"Does {name} help a tracker in other languages?", f"pocket-dst-{arm}", "pocket-dst",
                     (("woz/transfer", None),))
            for arm, name in (("tlm", "TLM"), ("xdm", "XDM"), ("response", "response masking"))
        ),
        prepare="DATA/woz --sample 100",
        caveats=f"""\
{_RATE}
- Joint goal accuracy in percent. All turns of the system are in English in every language, as released.
- Only the upper two blocks of the encoder are trained with the tracker, and the intermediate training has a few
  thousand lines, where the paper has 200,000.
- Intervals are over whole dialogues, because their turns are right or wrong together.
- The rows "nothing is known" and "words" need no encoder; the latter look for the words of each value in what the user
  says.""",
        more="python benchmarks/dialogue.py --data D --labels D-labels --json docs/findings/dialogue/words.json",
    ),
)
# fmt: on
