"""Create encoders and their tokenizers from scratch, load them from a folder, save them to one.

An encoder folder has `config.json`, `model.safetensors` and the files of a fast tokenizer, in the format of
transformers; so a snapshot of a hub model is one too. No code in the folder is executed, and nothing is downloaded.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)
from transformers.models.auto.tokenization_auto import tokenizer_class_from_name
from transformers.utils import logging

from xtreme_bench.errors import InputError, Problem
from xtreme_bench.files import digest, file_digest
from xtreme_bench.training.architectures import ARCHITECTURES
from xtreme_bench.training.encoder_files import faults, known_config, tokenizer_class
from xtreme_bench.training.forward import Encoder
from xtreme_bench.training.frames import PROBES, frame
from xtreme_bench.training.params import Scratch
from xtreme_bench.training.tokenizer_trial import try_tokenizer

logging.disable_progress_bar()

# The special tokens of XLM-R. The index is the token id, except for `<mask>`.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
SUPPORTED = f"encoders of these kinds are supported: {', '.join(ARCHITECTURES)}"
_LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Train a sub-word tokenizer with XLM-R's special tokens and templates, and at most `vocabulary` entries.

    It uses BPE, not the unigram model of XLM-R: the unigram trainer of `tokenizers` breaks ties by hash order, so two
    runs on the same text differ, but stages must be reproducible to the byte.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
            # A small vocabulary has no room for words with punctuation attached.
            pre_tokenizers.Punctuation("isolated"),
            # As in BERT: without spaces, merges would cross word boundaries, and spans could not be extracted.
            pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    lines = list(texts)
    # Chinese or Japanese text has too many characters for a small vocabulary.
    alphabet = _alphabet(map(tokenizer.normalizer.normalize_str, lines), vocabulary // 2)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


def _alphabet(lines: Iterable[str], limit: int) -> list[str]:
    """The word-start symbol and the most frequent characters. (The trainer would break ties by hash order.)"""
    counts = Counter(character for line in lines for character in line if not character.isspace())
    frequent = sorted(counts.keys() - {"▁"}, key=lambda character: (-counts[character], character))
    return ["▁", *frequent[: limit - 1]]


def build(scratch: Scratch, tokenizer: Any, seed: int, *, dropout: float = 0.1) -> Encoder:
    """A randomly initialised encoder with the architecture of XLM-R and the sizes in `scratch`."""
    torch.manual_seed(seed)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=scratch.width,
        num_hidden_layers=scratch.layers,
        num_attention_heads=scratch.heads,
        intermediate_size=scratch.feedforward,
        max_position_embeddings=scratch.positions,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        # XLM-R uses 0.02 for width 768. Narrow models learn much faster if their layers keep the variance.
        initializer_range=0.02 * (768 / scratch.width) ** 0.5,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    return Encoder(XLMRobertaModel(config, add_pooling_layer=False), tokenizer)


def load(folder: Path) -> Encoder:
    """Load an encoder folder, in float32.

    Raises InputError if files are missing or broken, the architecture is not supported, or the weights do not fit
    config.json (transformers would initialise missing weights randomly).
    """
    _check(folder)
    config = _config(folder)
    settings: dict[str, Any] = {"ignore_mismatched_sizes": True, **_LOCAL}
    if ARCHITECTURES[config.model_type].pooler:
        settings["add_pooling_layer"] = False
    try:
        model, loaded = AutoModel.from_pretrained(
            str(folder),
            config=config,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **settings,
        )
    except Exception as error:  # the libraries raise many kinds of errors for a broken file
        raise _unknown(folder, error) from error
    if misfits := list(_misfits(loaded)):
        said = [Problem(fault, str(folder)) for fault in misfits[:20]]
        raise InputError(f"{folder}: {len(misfits)} of its weights do not fit its config.json", said)
    read = _read_tokenizer(folder)
    encoder = Encoder(model, read.tokenizer)
    if unfit := _unfit(encoder, read.highest):
        raise InputError(f"{folder}: {unfit}")
    return encoder


def _unfit(encoder: Encoder, highest: int) -> str | None:
    """Why the tokenizer, with this highest id, does not fit the weights; None if it does."""
    model: Any = encoder.model
    tokenizer = encoder.tokenizer
    rows = model.get_input_embeddings().num_embeddings
    if highest >= rows:
        return f"its tokenizer has ids up to {highest}, but the weights have only {rows} embeddings"
    segment, segments = frame(tokenizer, 2).highest, encoder.segments
    if encoder.architecture.segments and segment >= segments:
        return f"its tokenizer has segments up to {segment}, but the weights have only {segments}"
    padding = model.config.pad_token_id
    if encoder.architecture.after_padding and tokenizer.pad_token_id != padding:
        return f"its tokenizer pads with token {tokenizer.pad_token_id}, but positions leave out token {padding}"
    return None


def _config(folder: Path) -> Any:
    """The config of a valid folder, built only from the fields that are known here."""
    family, fields = known_config(folder)
    return AutoConfig.for_model(family, **fields)


def _misfits(loaded: Mapping[str, Any]) -> Iterator[str]:
    """Faults of the weights that transformers would ignore. Extra weights of a head are allowed."""
    for name, there, expected in sorted(loaded["mismatched_keys"]):
        yield f"{name} has shape {tuple(there)}, not {tuple(expected)}"
    yield from (f"{name} is missing" for name in sorted(loaded["missing_keys"]))


@dataclass(frozen=True)
class _Tokenizer:
    """A tokenizer without truncation and padding, its highest id, and the segment of a single text."""

    tokenizer: Any
    highest: int
    segment: int


# The tokenizer that this process read last, by what it was read from: the stages of a recipe mostly have the same one,
# and that of XLM-R takes over a second.
_LAST: dict[str, _Tokenizer] = {}
# The endings of the files that a tokenizer is read from.
_OF_TOKENIZER = (".json", ".model", ".txt", ".jinja")


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of an encoder folder, without the weights. Another folder with the same files may share it.

    Raises InputError if there is no fast tokenizer, or it does not put special tokens around texts as `frames.py`
    expects.
    """
    _check(folder)
    return _read_tokenizer(folder).tokenizer


def _read_tokenizer(folder: Path) -> _Tokenizer:
    kind = try_tokenizer(folder / "tokenizer.json")
    try:
        read = _opened(folder, kind)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    except BaseException as error:
        # A panic in the tokenizers library is not a Python Exception, and its class cannot be imported.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _unknown(folder, error) from error
    if read.segment:
        raise InputError(f"{folder}: its tokenizer puts a single text into segment {read.segment}, not 0")
    return read


def _opened(folder: Path, kind: str | None) -> _Tokenizer:
    files = sorted(path for path in folder.iterdir() if path.suffix in _OF_TOKENIZER and path.is_file())
    content = digest({path.name: file_digest(path) for path in files})
    if content not in _LAST:
        _LAST.clear()  # first, so that there are never two of them
        _LAST[content] = _fresh(folder, kind)
    return _LAST[content]


def _fresh(folder: Path, kind: str | None) -> _Tokenizer:
    """Read it; `kind` is that of the model in its tokenizer.json."""
    config = _config(folder)
    config.tokenizer_class = _shipped(tokenizer_class(folder))
    tokenizer = AutoTokenizer.from_pretrained(str(folder), config=config, use_fast=True, **_LOCAL)
    if not tokenizer.is_fast:
        raise InputError("its tokenizer gives no character offsets; add a tokenizer.json to the folder")
    read_as = type(tokenizer.backend_tokenizer.model).__name__
    if kind not in (None, read_as):
        raise InputError(
            f"its tokenizer.json has a {kind} model, but {type(tokenizer).__name__} reads it as {read_as}; "
            "name the right tokenizer_class in tokenizer_config.json"
        )
    if _knows_no_words(tokenizer):
        raise InputError(
            f"its tokenizer, read as {type(tokenizer).__name__}, knows no words: its {len(tokenizer)} entries leave "
            "all texts unknown; name the right tokenizer_class in tokenizer_config.json, or add a tokenizer.json"
        )
    if tokenizer.pad_token_id is None:
        raise InputError("its tokenizer has no padding token; name one in tokenizer_config.json")
    # Some folders were saved with truncation on, so their tokenizer would truncate its input.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return _Tokenizer(tokenizer, max(tokenizer.get_vocab().values()), frame(tokenizer, 1).highest)


def _shipped(name: Any) -> str | None:
    """The name, if transformers has a tokenizer of that name; None for all else, so the architecture's is taken."""
    found = tokenizer_class_from_name(name) if isinstance(name, str) else None
    return name if isinstance(found, type) and issubclass(found, PreTrainedTokenizerBase) else None


def _knows_no_words(tokenizer: Any) -> bool:
    """Whether texts of any script give at most one token besides the special ones.

    One, because the token for unknown words need not be named as special, and "▁" may stand before it.
    """
    encode = tokenizer.backend_tokenizer.encode
    given = {number for text in PROBES for number in encode(text, add_special_tokens=False).ids}
    return len(given.difference(tokenizer.all_special_ids)) < 2


def _unknown(folder: Path, error: BaseException) -> InputError:
    reason = str(error) or type(error).__name__
    return InputError(f"{folder}: cannot load an encoder: {reason}; {SUPPORTED}")


def _check(folder: Path) -> None:
    if problems := faults(folder):
        raise InputError(
            f"{folder} cannot be used as an encoder folder; get the missing files from the source of the model",
            problems,
        )


def save(folder: Path, encoder: Encoder) -> None:
    """Write an encoder folder; the same encoder gives the same bytes. The tokenizer's file names depend on its kind."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.tokenizer.save_pretrained(str(folder))
    encoder.model.save_pretrained(str(folder))  # type: ignore[operator]


def single_threaded_tokenizers() -> None:
    """Stop `tokenizers` from starting its own threads besides those of torch. Call before the first tokenisation."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
