"""Chance that repeats itself, and fair shares."""

from collections.abc import Mapping
from random import Random
from uuid import UUID


def stream(seed: int, *names: str) -> Random:
    """A stream of chance of its own for each use: the same seed and names give the same numbers."""
    return Random("/".join([str(seed), *names]))  # noqa: S311  (nothing secret comes from it)


def next_id(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def shares(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Divide ``total`` by weight into whole numbers that add up to it."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    result = {name: int(share) for name, share in exact.items()}
    # What rounding down left over goes to those it took most from.
    neediest = sorted(exact, key=lambda name: result[name] - exact[name])
    for name in neediest[: total - sum(result.values())]:
        result[name] += 1
    return result
