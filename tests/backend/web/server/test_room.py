from types import SimpleNamespace

from backend.web.server.room import give_up_untaken, make_room


def test_the_address_that_holds_most_makes_room():
    def channel(address, began, has_headers=False, droppable=True, stalled=False):
        return SimpleNamespace(
            client=(address, 1),
            began=began,
            has_headers=has_headers,
            droppable=droppable,
            stalled=stalled,
            unread_since=began,
            transport=SimpleNamespace(
                close=lambda: closed.append((address, began)), abort=lambda: closed.append((address, "aborted"))
            ),
        )

    closed = []
    channels = [channel("1.1.1.1", 0), *(channel("2.2.2.2", began) for began in (3, 2, 1))]
    channels += [channel("2.2.2.2", 0.5, has_headers=True), channel("2.2.2.2", 0, droppable=False)]
    make_room(channels, 6)
    assert closed == []
    make_room(channels, 4)
    assert closed == [("2.2.2.2", 1), ("2.2.2.2", 2)]
    make_room([*channels, channel("2.2.2.2", 9, has_headers=True, stalled=True)], 6)
    assert closed[2:] == [("2.2.2.2", "aborted")]


def test_answers_that_nobody_takes_are_given_up_over_the_limit_the_oldest_first():
    def channel(unread, since):
        transport = SimpleNamespace(abort=lambda: aborted.append((unread, since)))
        return SimpleNamespace(unread=unread, unread_since=since, stalled=bool(unread), transport=transport)

    aborted = []
    give_up_untaken([channel(5, 3), channel(0, 0), channel(4, 1), channel(3, 2)], 12)
    assert aborted == []
    give_up_untaken([channel(5, 3), channel(0, 0), channel(4, 1), channel(3, 2)], 6)
    assert aborted == [(4, 1), (3, 2)]
