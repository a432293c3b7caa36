"""Reproducible randomness, and proportional shares."""

from collections.abc import Mapping
from random import Random
from uuid import UUID


def stream(seed: int, *names: str) -> Random:
    """Return a random generator that depends only on the seed and the names."""
    return Random("/".join([str(seed), *names]))  # noqa: S311  (not used for secrets)


def next_id(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def shares(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Divide ``total`` by weight into whole numbers with that sum."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    result = {name: int(share) for name, share in exact.items()}
    # The remainder goes to those that lost most by rounding down.
    neediest = sorted(exact, key=lambda name: result[name] - exact[name])
    for name in neediest[: total - sum(result.values())]:
        result[name] += 1
    return result
