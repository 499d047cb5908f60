"""Who has to go where too many connections are open, or too many answers are not taken."""

from collections import Counter
from collections.abc import Iterable
from typing import Any


def make_room(connections: Iterable[Any], limit: int) -> None:
    """Close connections over the limit.

    Those first whose address holds the most, then those that do not take their answer, then those without whole
    headers, then those that have gone longest without a whole request.
    """
    excess = len(list(connections)) - limit
    if excess <= 0:
        return
    held = Counter(address(connection) for connection in connections)
    droppable = [connection for connection in connections if connection.droppable]
    droppable.sort(
        key=lambda one: (
            -held[address(one)],
            not one.stalled,
            one.has_headers,
            one.unread_since if one.stalled else one.began,
        )
    )
    for connection in droppable[:excess]:
        if connection.stalled:
            connection.transport.abort()
        else:
            connection.transport.close()


def give_up_untaken(connections: Iterable[Any], limit: int) -> None:
    """Close connections whose clients do not take their answers, where those are over the limit of bytes together.

    Those first that have not taken theirs for the longest time.
    """
    waiting = [connection for connection in connections if connection.stalled]
    excess = sum(connection.unread for connection in waiting) - limit
    for connection in sorted(waiting, key=lambda one: one.unread_since):
        if excess <= 0:
            return
        excess -= connection.unread
        connection.transport.abort()


def address(connection: Any) -> str:
    """Return the client's address, without its port."""
    return str(connection.client[0]) if connection.client else ""
