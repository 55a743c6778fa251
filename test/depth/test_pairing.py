# Copyright 2026 cdst_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Pairing by stamp: any order, loss, repeats, jumps back; each item in one set at most."""

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.depth import StampPairer

MS = 1_000_000
PERIOD = 33 * MS
Item = tuple[str, int, int]
Found = dict[str, Item]


def push_all(pairer: StampPairer[Item], arrivals: Iterable[tuple[str, int]]) -> list[Found]:
    """Push items that know their stream, stamp and place of arrival; return the sets, in order."""
    sets = []
    for i, (name, stamp) in enumerate(arrivals):
        found = pairer.push(name, stamp, (name, stamp, i))
        while found is not None:
            sets.append(found)
            found = pairer.pop()
    return sets


def stamps(sets: Iterable[Found]) -> list[dict[str, int]]:
    return [{name: item[1] for name, item in found.items()} for found in sets]


@st.composite
def lossy_streams(draw: st.DrawFn) -> tuple[int, list[tuple[str, int]]]:
    """Return a tolerance and arrivals of three jittering streams, shuffled and with losses."""
    tolerance = draw(st.sampled_from([0, 5, 16, 40])) * MS
    jitter = st.integers(0, tolerance // MS)
    arrivals = []
    for frame in range(draw(st.integers(1, 8))):
        for name in ('depth', 'info', 'color'):
            if draw(st.integers(0, 9)) > 0:
                arrivals.append((name, frame * PERIOD + draw(jitter) * MS))
    repeats = draw(st.lists(st.sampled_from(arrivals), max_size=4)) if arrivals else []
    return tolerance, draw(st.permutations(arrivals + repeats))


@given(lossy_streams(), st.booleans(), st.integers(1, 12))
def test_whatever_comes_sets_are_sound(
    streams: tuple[int, list[tuple[str, int]]], optional: bool, capacity: int
) -> None:
    tolerance, arrivals = streams
    names = ('depth', 'info', 'color')
    pairer: StampPairer[Item] = StampPairer(
        names, tolerance, capacity, optional=('color',) if optional else ()
    )
    sets = push_all(pairer, arrivals)
    required = {'depth', 'info'} if optional else set(names)
    for found in sets:
        assert required <= found.keys() <= set(names)
        assert all(item[0] == name for name, item in found.items())
        assert all(abs(item[1] - found['depth'][1]) <= tolerance for item in found.values())
    delivered = Counter(item for found in sets for item in found.values())
    assert all(times == 1 for times in delivered.values())
    counts = pairer.counts
    assert counts.delivered == len(sets)
    for name in names:
        came = sum(1 for arrival in arrivals if arrival[0] == name)
        used = sum(1 for found in sets if name in found)
        waiting = came - used - counts.unmatched[name] - counts.replaced[name]
        assert 0 <= waiting <= capacity


@given(
    st.permutations([(n, f * PERIOD) for n in ('depth', 'info', 'color') for f in range(6)]),
    st.sets(st.tuples(st.sampled_from(['depth', 'info', 'color']), st.integers(0, 5)), max_size=6),
)
def test_every_complete_set_is_delivered_exactly_once(
    arrivals: list[tuple[str, int]], lost: set[tuple[str, int]]
) -> None:
    kept = [(n, stamp) for n, stamp in arrivals if (n, stamp // PERIOD) not in lost]
    pairer: StampPairer[Item] = StampPairer(('depth', 'info', 'color'), 5 * MS)
    delivered = sorted(found['depth'][1] for found in push_all(pairer, kept))
    broken = {frame for _, frame in lost}
    assert delivered == [f * PERIOD for f in range(6) if f not in broken]


@given(
    st.permutations([(n, f * PERIOD) for n in ('depth', 'info', 'color') for f in range(6)]),
    st.sets(st.integers(0, 5)),
)
def test_no_frame_is_lost_for_want_of_an_optional_item(
    arrivals: list[tuple[str, int]], lost: set[int]
) -> None:
    kept = [a for a in arrivals if a[0] != 'color' or a[1] // PERIOD not in lost]
    pairer: StampPairer[Item] = StampPairer(('depth', 'info', 'color'), optional=['color'])
    end = [('depth', 6 * PERIOD), ('info', 6 * PERIOD)]
    delivered = {f['depth'][1] // PERIOD for f in push_all(pairer, [*kept, *end])}
    assert delivered >= set(range(6))


def test_the_nearest_of_what_has_come_is_taken() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'color'), 20)
    sets = push_all(pairer, [('color', 90), ('color', 104), ('color', 119), ('depth', 100)])
    assert stamps(sets) == [{'depth': 100, 'color': 104}]


def test_an_item_is_left_to_the_frame_that_it_is_nearer_to() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'color'), 10)
    sets = push_all(pairer, [('depth', 0), ('depth', 10), ('color', 9), ('color', 1)])
    assert stamps(sets) == [{'depth': 10, 'color': 9}, {'depth': 0, 'color': 1}]


def test_tolerance_reaches_to_its_end_and_no_further() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'color'), 10)
    assert push_all(pairer, [('depth', 100), ('color', 111), ('color', 89)]) == []
    assert stamps(push_all(pairer, [('color', 110)])) == [{'depth': 100, 'color': 110}]


def test_a_camera_info_serves_one_frame() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
    assert len(push_all(pairer, [('info', 0), ('depth', 0), ('depth', PERIOD)])) == 1


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'), capacity=3)
    push_all(pairer, [('depth', stamp) for stamp in range(10)])
    assert pairer.counts.unmatched == {'depth': 7, 'info': 0}
    sets = push_all(pairer, [('info', stamp) for stamp in range(10)])
    assert stamps(sets) == [{'depth': s, 'info': s} for s in (7, 8, 9)]


def test_a_late_frame_is_delivered_late() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
    arrivals = [('depth', 0), ('depth', PERIOD), ('info', PERIOD), ('info', 0)]
    assert [s['depth'] for s in stamps(push_all(pairer, arrivals))] == [PERIOD, 0]
    assert pairer.counts.resets == 0


def test_stamps_that_are_never_set_pair_in_order_of_arrival() -> None:
    """As ``ros2 topic pub`` sends them."""
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
    sets = push_all(pairer, [('depth', 0), ('info', 0)] * 3)
    assert [found['depth'][2] for found in sets] == [0, 2, 4]


def test_a_repeated_stamp_replaces_the_item_that_waits() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
    (found,) = push_all(pairer, [('depth', 5), ('depth', 5), ('info', 5)])
    assert found['depth'] == ('depth', 5, 1)
    assert pairer.counts.replaced == {'depth': 1, 'info': 0}


class TestOptional:
    @pytest.fixture
    def pairer(self) -> StampPairer[Item]:
        return StampPairer(('depth', 'info', 'color'), 2, optional=['color'])

    def test_a_stream_that_never_came_is_not_waited_for(self, pairer: StampPairer[Item]) -> None:
        sets = push_all(pairer, [('depth', 0), ('info', 0)])
        assert stamps(sets) == [{'depth': 0, 'info': 0}]
        assert pairer.counts.without['color'] == 1

    def test_an_item_that_came_before_is_used(self, pairer: StampPairer[Item]) -> None:
        sets = push_all(pairer, [('color', 1), ('depth', 0), ('info', 0)])
        assert stamps(sets) == [{'depth': 0, 'info': 0, 'color': 1}]
        assert pairer.counts.without['color'] == 0

    def test_a_live_stream_is_waited_for(self, pairer: StampPairer[Item]) -> None:
        first = [('color', 0), ('depth', 0), ('info', 0)]
        assert len(push_all(pairer, first)) == 1
        assert push_all(pairer, [('depth', 10), ('info', 10)]) == []
        sets = push_all(pairer, [('color', 11)])
        assert stamps(sets) == [{'depth': 10, 'info': 10, 'color': 11}]

    def test_a_later_item_ends_the_wait(self, pairer: StampPairer[Item]) -> None:
        push_all(pairer, [('color', 0), ('depth', 0), ('info', 0), ('depth', 10), ('info', 10)])
        assert push_all(pairer, [('color', 12 - 3)]) != []
        push_all(pairer, [('depth', 20), ('info', 20)])
        assert stamps(push_all(pairer, [('color', 23)])) == [{'depth': 20, 'info': 20}]

    def test_a_later_set_ends_the_wait_and_then_nobody_waits(
        self, pairer: StampPairer[Item]
    ) -> None:
        push_all(pairer, [('color', 0), ('depth', 0), ('info', 0)])
        assert push_all(pairer, [('depth', 10), ('info', 10)]) == []
        sets = push_all(pairer, [('depth', 20), ('info', 20)])
        assert [s['depth'] for s in stamps(sets)] == [10, 20]
        for stamp in (30, 40, 50):
            assert len(push_all(pairer, [('depth', stamp), ('info', stamp)])) == 1

    def test_stamps_that_are_never_set_are_no_sign_that_it_went_by(self) -> None:
        exact: StampPairer[Item] = StampPairer(('depth', 'color'), optional=['color'])
        sets = push_all(exact, [('color', 0), ('depth', 0)] + [('depth', 0), ('color', 0)] * 2)
        assert stamps(sets) == [{'depth': 0, 'color': 0}] * 3

    def test_a_stream_that_comes_back_is_waited_for_again(self, pairer: StampPairer[Item]) -> None:
        push_all(pairer, [('depth', 0), ('info', 0), ('color', 5)])
        assert push_all(pairer, [('depth', 10), ('info', 10)]) == []


class TestJumpBack:
    LOOP = 10_000 * MS

    def frames(self, first: int, last: int) -> list[tuple[str, int]]:
        return [(n, f * PERIOD) for f in range(first, last) for n in ('depth', 'info', 'color')]

    def test_a_bag_that_loops_resets_once_a_loop_and_loses_nothing(self) -> None:
        pairer: StampPairer[Item] = StampPairer(('depth', 'info', 'color'))
        sets = push_all(pairer, self.frames(0, 60) * 3)
        assert len(sets) == 180
        assert pairer.counts.resets == 2

    def test_streams_may_jump_at_different_times(self) -> None:
        pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
        before = [(n, self.LOOP + f * PERIOD) for f in range(3) for n in ('depth', 'info')]
        straggling = [('depth', 0), ('info', self.LOOP + 3 * PERIOD), ('depth', PERIOD)]
        after = [('info', 0), ('info', PERIOD)]
        sets = push_all(pairer, [*before, *straggling, *after])
        assert [s['depth'] for s in stamps(sets)][3:] == [0, PERIOD]
        assert pairer.counts.resets == 1
        assert pairer.counts.outdated == {'depth': 0, 'info': 1}

    def test_what_waited_is_never_paired_across_the_jump(self) -> None:
        pairer: StampPairer[Item] = StampPairer(('depth', 'info'), capacity=100)
        push_all(pairer, [('depth', f * PERIOD) for f in range(60)])
        sets = push_all(pairer, [('depth', 0), ('info', 59 * PERIOD)])
        assert sets == []
        assert pairer.counts.outdated['depth'] > 0

    def test_one_absurd_stamp_costs_itself_only(self) -> None:
        pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
        arrivals = self.frames(0, 5) + self.frames(6, 9)
        pairs = [a for a in arrivals if a[0] != 'color']
        pairs.insert(10, ('depth', 10**18))
        assert len(push_all(pairer, pairs)) == 8
        assert pairer.counts.resets == 0
        assert pairer.counts.outdated['depth'] == 1

    def test_an_optional_stream_is_not_waited_for_by_its_old_stamps(self) -> None:
        pairer: StampPairer[Item] = StampPairer(('depth', 'color'), optional=['color'])
        push_all(pairer, [('color', self.LOOP), ('depth', self.LOOP)])
        assert len(push_all(pairer, [('depth', 0)])) == 1


def test_clearing_forgets_items_and_time() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
    push_all(pairer, [('depth', 10**18)])
    pairer.clear()
    assert push_all(pairer, [('info', 10**18)]) == []
    pairer.clear()
    assert len(push_all(pairer, [('depth', 0), ('info', 0)])) == 1
    assert pairer.counts.resets == 0


def test_an_unknown_stream_is_named() -> None:
    pairer: StampPairer[Item] = StampPairer(('depth', 'info'))
    with pytest.raises(ValueError, match=r"'rgb'.*depth, info"):
        pairer.push('rgb', 0, ('rgb', 0, 0))


@pytest.mark.parametrize(
    ('names', 'tolerance', 'capacity', 'optional'),
    [
        ((), 0, 10, ()),
        (('a', 'a'), 0, 10, ()),
        (('a', 'b'), 0, 10, ('c',)),
        (('a', 'b'), 0, 10, ('a',)),
        (('a', 'b'), -1, 10, ()),
        (('a', 'b'), 0, 0, ()),
        (('a', 'b'), 2 * 10**9, 10, ()),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    names: tuple[str, ...], tolerance: int, capacity: int, optional: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match='give'):
        StampPairer(names, tolerance, capacity, optional)
