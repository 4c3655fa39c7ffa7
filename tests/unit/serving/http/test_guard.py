"""Who is closed for the sake of others."""

from dataclasses import dataclass, field

from p300.serving.http.guard import Guard, Limits

LIMITS = Limits(
    max_connections=10,
    max_header_bytes=100,
    max_body_bytes=100,
    max_pending_bytes=250,
    header_s=1,
    body_s=1,
    idle_s=1,
    send_s=1,
)


@dataclass(eq=False)
class Client:
    """A connection that notes what happens to it."""

    guard: Guard
    waiting_since_s: float | None = None
    held_bytes: int = 0
    happened: list[str] = field(default_factory=list)

    def check(self, now_s: float) -> None:
        self.happened.append(f"checked at {now_s}")

    def evict(self) -> None:
        self.happened.append("evicted")

    def refuse_body(self) -> None:
        self.happened.append("refused")
        self.guard.release(self)


def _guard() -> Guard:
    return Guard(LIMITS, lambda _: None)


def test_the_longest_waiting_makes_room_and_never_one_that_is_answered() -> None:
    guard = _guard()
    answered, old, new = Client(guard), Client(guard, waiting_since_s=1), Client(guard, waiting_since_s=2)
    assert guard.make_room([new, answered, old])
    assert (old.happened, new.happened, answered.happened) == (["evicted"], [], [])
    assert not guard.make_room([answered])


def test_of_a_crowd_several_are_closed_at_once() -> None:
    guard = _guard()
    crowd = [Client(guard, waiting_since_s=number) for number in range(500)]
    assert guard.make_room(crowd)
    assert [number for number, client in enumerate(crowd) if client.happened] == [0, 1, 2, 3, 4]


def test_the_body_that_has_been_coming_longest_is_refused() -> None:
    guard = _guard()
    first, second, third = (Client(guard) for _ in range(3))
    for client in (first, second, third):
        guard.receive(client, 50)
    guard.receive(second, 90)
    guard.receive(third, 100)
    assert guard.pending_bytes == 240
    guard.receive(first, 61)
    assert (first.happened, second.happened, third.happened) == (["refused"], [], [])
    assert guard.pending_bytes == 190


def test_a_whole_body_counts_until_it_is_answered_and_is_not_refused() -> None:
    guard = _guard()
    whole, coming = Client(guard), Client(guard)
    guard.receive(whole, 100)
    guard.received(whole)
    guard.receive(coming, 151)
    assert (whole.happened, coming.happened) == ([], ["refused"])
    guard.release(whole)
    assert guard.pending_bytes == 0


def test_all_are_looked_at_in_a_sweep() -> None:
    guard = _guard()
    clients = [Client(guard), Client(guard)]
    guard.sweep(clients, 7.0)
    assert [client.happened for client in clients] == [["checked at 7.0"]] * 2
