"""Two sides of vectors for mining: random ones, and those that are hard to get right."""

import numpy as np


def corpora(n=70, m=90, width=16, pairs=40, seed=0):
    """Two random corpora; the first `pairs` rows of both are noisy versions of each other, far from unit length."""
    random = np.random.default_rng(seed)
    source, target = random.standard_normal((n, width)), random.standard_normal((m, width))
    target[:pairs] = source[:pairs] + 0.7 * random.standard_normal((pairs, width))
    source *= random.uniform(0.1, 30, (n, 1))
    return source.astype(np.float32), target.astype(np.float32)


def hard_inputs():
    """Inputs where something is equal, opposite, zero, close together, far from length 1, or fewer than k."""
    random = np.random.default_rng(7)

    def normal(*shape):
        return random.standard_normal(shape)

    centres, x, y = normal(5, 24), normal(60, 24), normal(50, 24)
    few = centres[random.integers(0, 5, 80)]
    return {
        "few to many": (normal(3, 12), normal(150, 12)),
        "many to few": (normal(120, 12), normal(2, 12)),
        "fewer than k": (normal(3, 8), normal(2, 8)),
        "one to one": (normal(1, 8), normal(1, 8)),
        "one to many": (normal(1, 8), normal(30, 8)),
        "clusters": (few + 0.01 * normal(80, 24), few[::-1] + 0.01 * normal(80, 24)),
        "all alike": (x + 50, y + 50),
        "any length": (x * random.uniform(1e-12, 1e12, (60, 1)), y),
        "opposite": (np.abs(x), -np.abs(y)),
        "two dimensions": (normal(90, 2), normal(80, 2)),
        "duplicates": (np.concatenate([x, x[:30], y[:20]]), np.concatenate([y, y[:30], x[:20], x[:20]])),
        "ties": (np.sign(normal(70, 4)), np.sign(normal(80, 4))),
        "orthogonal": (np.eye(6, 12), np.eye(6, 12)[:, ::-1]),
        "all equal": (np.ones((40, 6)), np.ones((30, 6))),
    }
