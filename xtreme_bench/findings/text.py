"""What the page of findings says of all experiments: the question, how to read the answers, and their limits."""

from __future__ import annotations

# Fewer seeds answer nothing, whatever the intervals over items say.
ENOUGH_SEEDS = 3

HEAD = """# Findings

*Made by `make findings` from the records in `docs/findings/`; edit those by running arms, not this page.*

How does intermediate training in diverse languages other than English compare with training in English alone, for
zero-shot transfer? Each section below is a small, matched experiment with one released encoder
(multilingual-e5-small)."""

FOUND = """Diverse languages against English alone, by the contrasts in the table below. Only retrieval scores depend on
the layer: 7 is in the middle of the encoder, 12 is the last."""

KEY = """Differences are in points, with 95 % intervals: a paired bootstrap over test items, in contrasts over language
families too, to which Student's t adds the variance between seeds ([comparison](comparison.md)). With three seeds such
an interval is wide, and may reach beyond what a score can be. "Detects" is a true difference, in points, that
80 % of such experiments would find significant; smaller ones are found less often.

**yes** and **no** (the other is better) need three seeds, and a p of at most 0.05 after Holm's correction. It is made
over the whole first table; in a section it is made over all layers together, apart for targets, for targets without
English and for contrasts that are not in the first table. Intervals are not corrected, so **cannot tell** may stand
beside one that leaves out 0.

A contrast is the mean of family means: each language family counts once, with the mean of its scores in the targets
that are named. English is left out. An unseen family is one without a language of either arm's intermediate
training."""

CLAIMED = """Published claims about XLM-R Large after far longer training, beside the answers above. XNLI after NLI
is no test: both are trained on the same items."""

PLOTTED = "Diverse languages minus English alone: mean over families that no arm was trained in; blue: significant"

NEAR = """The same differences by language (not tested). *Seen*: either arm was trained in it; *family seen* and *script
seen*: not in it, but in one of its family, or else in its script; *none*: neither. Each is the plain mean of as many
scores as the brackets say, English left out."""

SCORES = """Means over the languages of a target, in percent, with the range over seeds."""

LAYERS = """Means over languages and seeds, from the embeddings (0) to the last block. Tatoeba has no development set,
so its curve must not choose a layer. BUCC's development pairs may, for each encoder: the curve of BUCC is on these
pairs, at their best threshold, so it is not the score above, and where it chooses the layer it is optimistic. Without
intermediate training the encoder is the same with every seed."""

CURVES = "Retrieval at every layer (0: embeddings), in percent: mean over seeds, on a band from the least to the best"

MARKED = """`*`: at least three seeds, and significant after Holm's correction over all targets and arms that one arm is
compared with at one layer. The answers above are corrected over other tests (their questions, at all layers), so a star
and an answer may differ."""

CAVEATS = """- The authors of the encoder tuned it for retrieval. A loss in retrieval says nothing about XLM-R.
- Its weights are stored in 4 bits, and trained further in 32.
- Every training is far shorter than in the papers. The data are a cut sample: most test sets have 40 to 100 items a
  language (see the arms), so the intervals are wide.
- Where no test labels were at hand, the development set or a part of it stands in for the test set (`--dev-as-test` in
  the commands): in XNLI, PAWS-X, PAN-X, MLQA and BUCC.
- An empty cell was not run.
- Sections may use other samples of one test set, so do not compare scores across them, except those on natural language
  inference and paraphrase.
- Three seeds each: five were not affordable on two cores."""
