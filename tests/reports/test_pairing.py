"""Which records of two runs are about the same thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reports.pairing import CIRCUMSTANCES, Pair, pair_records
from reports.record import KEY
from tests.reports.rows import RECORD, make_record

OTHER = {
    "weights": "hub@other",
    "task_version": 2,
    "protocol": "joined",
    "device": "cuda",
    "dtype": "float16",
    "threads": 2,
    "seed": 1,
}


def test_records_of_equal_keys_pair_whatever_was_found() -> None:
    head = make_record(value=1.0, n=7, stamps=("noisy",))
    assert pair_records([RECORD], [head]) == [Pair(RECORD, head)]


def test_pairs_are_in_the_order_of_base_and_new_ones_follow() -> None:
    first, second, new = (make_record(metric=name) for name in ("a", "b", "c"))
    pairs = pair_records([first, second], [new, second])
    assert pairs == [Pair(first, None), Pair(second, second), Pair(None, new)]


def test_every_circumstance_is_part_of_the_key() -> None:
    assert set(CIRCUMSTANCES) < set(KEY)
    assert set(OTHER) == set(CIRCUMSTANCES)


def test_records_that_differ_in_circumstances_pair_and_say_in_which() -> None:
    for name, value in OTHER.items():
        head = make_record(**{name: value})
        assert pair_records([RECORD], [head]) == [Pair(RECORD, head, (name,))]


def test_records_that_differ_in_anything_else_do_not_pair() -> None:
    for name in set(KEY) - set(CIRCUMSTANCES):
        head = make_record(**{name: 0.25 if name == "sparsity" else "other"})
        assert pair_records([RECORD], [head]) == [Pair(RECORD, None), Pair(None, head)]


def test_equal_keys_go_before_nearness_and_nearness_before_order() -> None:
    limited = make_record(protocol="joined limit=2")
    far, near = make_record(protocol="joined limit=8", seed=3), make_record(protocol="joined limit=8")
    pairs = pair_records([limited, RECORD], [far, RECORD, near])
    assert pairs == [Pair(limited, near, ("protocol",)), Pair(RECORD, RECORD), Pair(None, far)]


def test_a_key_twice_pairs_in_order() -> None:
    one, two = make_record(value=1.0), make_record(value=2.0)
    assert pair_records([one, two], [two]) == [Pair(one, two), Pair(two, None)]
    assert pair_records([RECORD, RECORD], [RECORD, RECORD]) == [Pair(RECORD, RECORD)] * 2


SOME = st.builds(
    make_record,
    metric=st.sampled_from("ab"),
    seed=st.sampled_from([None, 0, 1]),
    protocol=st.sampled_from([None, "p"]),
    value=st.integers(0, 99).map(float),
)


@given(base=st.lists(SOME, max_size=8), head=st.lists(SOME, max_size=8))
def test_every_record_is_in_one_pair(base: list[object], head: list[object]) -> None:
    pairs = pair_records(base, head)  # type: ignore[arg-type]
    assert [pair.base for pair in pairs if pair.base] == base
    found = [pair.head for pair in pairs if pair.head]
    assert sorted(map(repr, found)) == sorted(map(repr, head))
    assert not {pair.either.metric for pair in pairs if not pair.base} & {
        pair.either.metric for pair in pairs if not pair.head
    }
