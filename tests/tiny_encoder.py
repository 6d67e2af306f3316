"""A very small XLM-R with its own tokenizer, for tests of everything that embeds sentences."""

from pathlib import Path

from xtreme_bench import encoder

TEXTS = (
    "the red bird sings in the old tree",
    "a small cat sleeps under the table",
    "we will travel to the coast tomorrow",
    "she reads a long letter from her brother",
    "no one opened the heavy door yesterday",
    "три птицы поют в саду",
    "मेरा भाई किताब पढ़ता है",
    "小猫在桌子下面睡觉",
    "القطة تنام تحت الطاولة",
    "der alte Mann trinkt kalten Tee",
)
LAYERS, WIDTH, POSITIONS = 3, 32, 66


def save_tiny_encoder(folder: Path, seed: int = 1) -> Path:
    """Write the encoder folder: 3 blocks, 32 wide, 4 heads, at most 64 tokens."""
    tokenizer = encoder.train_tokenizer(TEXTS, 300)
    size = {"layers": LAYERS, "width": WIDTH, "heads": 4, "feedforward": 64, "positions": POSITIONS}
    encoder.save(folder, encoder.build(size, tokenizer, seed))
    return folder
