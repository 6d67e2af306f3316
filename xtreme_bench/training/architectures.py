"""The supported architectures of encoders: one row each, with every fact that other code needs about it.

The tables also say which config fields an architecture reads, and their limits. Fields that are not in its row are
ignored. Names and meanings are those of the config classes of transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

# Required whole numbers of a config, if its architecture reads them: (lowest, highest).
SIZES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "vocab_size": (1, 2**24),
        "hidden_size": (1, 2**16),
        "dim": (1, 2**16),
        "num_hidden_layers": (1, 1000),
        "n_layers": (1, 1000),
        "num_attention_heads": (1, 2**12),
        "n_heads": (1, 2**12),
        "num_key_value_heads": (1, 2**12),
        "head_dim": (1, 2**12),
        "intermediate_size": (1, 2**20),
        "hidden_dim": (1, 2**20),
        "embedding_size": (1, 2**16),
        "input_embedding_size": (1, 2**16),
        "max_position_embeddings": (3, 2**20),
        "position_buckets": (1, 2**16),
        "local_attention": (2, 2**20),
        "type_vocab_size": (1, 2**10),
    }
)
# Optional numbers: (lowest, highest).
NUMBERS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "embedding_dropout",
             "mlp_dropout"), (0, 0.99)),
        **dict.fromkeys(("layer_norm_eps", "norm_eps", "rms_norm_eps"), (1e-20, 1)),
        **dict.fromkeys(("rope_theta", "global_rope_theta", "local_rope_theta"), (1, 1e12)),
        "initializer_range": (0, 1000),
        "global_attn_every_n_layers": (1, 1000),
    }
)  # fmt: skip
IDS = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id", "mask_token_id")
FLAGS = ("norm_bias", "attention_bias", "mlp_bias")
ACTIVATION_FIELDS = ("hidden_act", "hidden_activation", "activation", "classifier_activation")
ACTIVATIONS = ("gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh")
# Rotary positions: one set of parameters, or one per kind of attention. Only the plain kind is supported.
ROTARY = "rope_parameters"
# The possible kinds of attention of a block.
KINDS = ("full_attention", "sliding_attention")
KIND_OF_BLOCKS = "layer_types"
# Fields that change the computation or the loading in any architecture, with their allowed values.
ONLY: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "auto_map": (None,),
        "quantization_config": (None,),
        "_attn_implementation": (None, "eager", "sdpa"),
        "attn_implementation": (None, "eager", "sdpa"),
        "transformers_weights": (None,),
        "is_decoder": (None, False),
        "add_cross_attention": (None, False),
        "pruned_heads": (None, {}),
        "rope_scaling": (None,),
    }
)


@dataclass(frozen=True)
class Architecture:
    """The facts about one architecture. Its key in the table is the `model_type` of its configs.

    `sizes`: required config fields. `also`: optional config fields, each from a table above.
    `only`: further fields with their allowed values.
    `shapes`: weight -> required shape, as products of fields; together they cover all sizes.
    `words`: the weight of the word embeddings. `stack`: the path of the blocks. `norm`: the norm after the last block.
    `depth`: the field with the number of blocks. `dropout`: the dropout field that heads use too.
    `after_padding`: positions start after the padding id, not at 0.
    `segments`: it uses the segment of each token. `pooler`: it has a pooler, which is not used.
    `own_attention`: it implements attention itself, instead of using that of transformers.
    `by_step`: the name of dropout modules whose input all examples of a step share.
    `returns_tuples`: a block returns a tuple.
    `graph`: the hand-written ONNX graph (`retrieval/graph.py`) supports it.
    """

    sizes: tuple[str, ...]
    also: tuple[str, ...]
    shapes: Mapping[str, str]
    words: str = "embeddings.word_embeddings.weight"
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    stack: str = "encoder.layer"
    norm: str | None = None
    depth: str = "num_hidden_layers"
    dropout: str = "hidden_dropout_prob"
    after_padding: bool = False
    segments: bool = True
    pooler: bool = False
    own_attention: bool = False
    by_step: str | None = None
    returns_tuples: bool = False
    graph: bool = False

    def first_position(self, padding: int) -> int:
        """The position of a text's first token."""
        return padding + 1 if self.after_padding else 0

    def room(self, positions: int, padding: int) -> int:
        """The number of positions that tokens can use."""
        return positions - self.first_position(padding)


_COMMON = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
           "max_position_embeddings")  # fmt: skip
_IDS = ("pad_token_id", "bos_token_id", "eos_token_id")
_BERT_ALSO = ("hidden_dropout_prob", "attention_probs_dropout_prob", "layer_norm_eps", "initializer_range",
              "hidden_act", *_IDS)  # fmt: skip
_PLAIN_POSITIONS: Mapping[str, tuple[Any, ...]] = {"position_embedding_type": (None, "absolute")}


def _tables(width: str) -> dict[str, str]:
    return {
        "embeddings.word_embeddings.weight": f"vocab_size {width}",
        "embeddings.position_embeddings.weight": f"max_position_embeddings {width}",
    }


_SEGMENTS = "embeddings.token_type_embeddings.weight"
_INNER = {"encoder.layer.0.intermediate.dense.weight": "intermediate_size hidden_size"}
_QUERY = {"encoder.layer.0.attention.self.query.weight": "hidden_size hidden_size"}


def _bert(width: str = "hidden_size", **more: Any) -> Architecture:
    """A row for an architecture like BERT. `width`: the field with the width of its embeddings."""
    sizes = (*_COMMON, "type_vocab_size") if width == "hidden_size" else (*_COMMON, "type_vocab_size", width)
    shapes = _tables(width) | {_SEGMENTS: f"type_vocab_size {width}"} | _QUERY | _INNER
    return Architecture(sizes, _BERT_ALSO, shapes, only=_PLAIN_POSITIONS, **more)


_ROBERTA = _bert(after_padding=True, pooler=True, graph=True)
ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "bert": _bert(pooler=True, graph=True),
        "camembert": _ROBERTA,
        "roberta": _ROBERTA,
        "xlm-roberta": _ROBERTA,
        "xlm-roberta-xl": _bert(after_padding=True, pooler=True, norm="encoder.LayerNorm"),
        "electra": _bert("embedding_size"),
        "rembert": _bert("input_embedding_size", pooler=True, own_attention=True, returns_tuples=True),
        "mpnet": Architecture(
            _COMMON,
            _BERT_ALSO,
            _tables("hidden_size") | {"encoder.layer.0.attention.attn.q.weight": "hidden_size hidden_size"} | _INNER,
            # Its code fixes the padding id and the number of buckets.
            only={"pad_token_id": (None, 1), "relative_attention_num_buckets": (None, 32)},
            after_padding=True,
            segments=False,
            pooler=True,
            own_attention=True,
            returns_tuples=True,
        ),
        "distilbert": Architecture(
            ("vocab_size", "dim", "n_layers", "n_heads", "hidden_dim", "max_position_embeddings"),
            ("dropout", "attention_dropout", "initializer_range", "activation", *_IDS),
            _tables("dim")
            | {
                "transformer.layer.0.attention.q_lin.weight": "dim dim",
                "transformer.layer.0.ffn.lin1.weight": "hidden_dim dim",
            },
            stack="transformer.layer",
            depth="n_layers",
            dropout="dropout",
            segments=False,
        ),
        # DeBERTa-v3 and mDeBERTa-v3; v2 adds a convolution and heads of another width.
        "deberta-v2": Architecture(
            (*_COMMON, "position_buckets"),
            _BERT_ALSO,
            {
                "embeddings.word_embeddings.weight": "vocab_size hidden_size",
                "encoder.rel_embeddings.weight": "2*position_buckets hidden_size",
                "encoder.layer.0.attention.self.query_proj.weight": "hidden_size hidden_size",
            }
            | _INNER,
            only={
                "relative_attention": (True,),
                "position_biased_input": (False,),
                "share_att_key": (True,),
                "norm_rel_ebd": ("layer_norm",),
                "pos_att_type": ("p2c|c2p", "c2p|p2c", ["p2c", "c2p"], ["c2p", "p2c"]),
                "max_relative_positions": (None, -1),
                "type_vocab_size": (None, 0),
                "conv_kernel_size": (None, 0),
                "attention_head_size": (None,),
                "embedding_size": (None,),
            },
            segments=False,
            own_attention=True,
            by_step="pos_dropout",
            returns_tuples=True,
        ),
        "modernbert": Architecture(
            (*_COMMON, "local_attention"),
            ("norm_eps", "norm_bias", "attention_bias", "mlp_bias", "attention_dropout", "embedding_dropout",
             "mlp_dropout", "initializer_range", "hidden_activation", "classifier_activation",
             "global_attn_every_n_layers", "global_rope_theta", "local_rope_theta", KIND_OF_BLOCKS, ROTARY, *_IDS,
             "cls_token_id", "sep_token_id"),
            {
                "embeddings.tok_embeddings.weight": "vocab_size hidden_size",
                "layers.0.attn.Wqkv.weight": "3*hidden_size hidden_size",
                "layers.0.mlp.Wi.weight": "2*intermediate_size hidden_size",
            },
            words="embeddings.tok_embeddings.weight",
            stack="layers",
            norm="final_norm",
            dropout="mlp_dropout",
            segments=False,
        ),
        "eurobert": Architecture(
            (*_COMMON, "num_key_value_heads", "head_dim"),
            ("rms_norm_eps", "attention_bias", "mlp_bias", "attention_dropout", "initializer_range", "hidden_act",
             "rope_theta", ROTARY, *_IDS, "mask_token_id"),
            {
                "embed_tokens.weight": "vocab_size hidden_size",
                "layers.0.self_attn.q_proj.weight": "num_attention_heads*head_dim hidden_size",
                "layers.0.self_attn.k_proj.weight": "num_key_value_heads*head_dim hidden_size",
                "layers.0.mlp.up_proj.weight": "intermediate_size hidden_size",
            },
            words="embed_tokens.weight",
            stack="layers",
            norm="norm",
            dropout="attention_dropout",
            segments=False,
        ),
    }
)  # fmt: skip


# What changes the attention that encoders share, as a message names it.
PROMPT, PACKED = "method prompt", "resources.batches: packed"


def not_for(what: str, kind: str) -> str | None:
    """Why encoders of a kind cannot do `what`, one of the above; None if they can."""
    if not ARCHITECTURES[kind].own_attention:
        return None
    able = ", ".join(name for name, row in ARCHITECTURES.items() if not row.own_attention)
    return f"{what} is not for encoders of kind {kind}, which have an attention of their own; it is for {able}"
