"""Knows how a batch is shared between servers by their weights."""

from collections.abc import Mapping


def shares(weights: Mapping[int, int], count: int, turn: int) -> dict[int, int]:
    """How many of `count` messages each server gets; together exactly `count`, each at most one beside its exact share.

    weights  server id -> weight >= 0; weight 0 stands by and gets something only when there is no other, then each alike
    turn     any whole number, another one for each batch (its id): over as many batches in a row as the weights' sum,
             each server gets exactly its share, also when every batch is a single message
    Raises ValueError when there is no server.
    """
    working = {one: weight for one, weight in weights.items() if weight} or dict.fromkeys(weights, 1)
    if not working:
        raise ValueError("no server to share between")
    total = sum(working.values())
    given, upto, before = dict.fromkeys(weights, 0), 0, turn % total // total
    for one, weight in working.items():
        upto += weight
        reached = (count * upto + turn % total) // total
        given[one], before = reached - before, reached
    return given
