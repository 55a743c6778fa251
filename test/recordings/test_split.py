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
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.layout import FrameEntry
from cdst_ros.recordings.reader import RecordedFrame, RecordedSequence, Recording
from cdst_ros.recordings.sequences import SequenceEntry
from cdst_ros.recordings.split import split_by_sequence, split_by_time, write_parts
from cdst_ros.recordings.verify import verify

from .walks import SECOND, numbers, record

SHARES = {'train': 0.8, 'test': 0.2}


def sequence(number, stamps_ns, folder='r'):
    frames = [
        RecordedFrame(folder, FrameEntry(place, stamp, {}, sequence=number))
        for place, stamp in enumerate(stamps_ns)
    ]
    return RecordedSequence(SequenceEntry(number), frames)


def sizes(parts):
    return {name: sum(map(len, part.values())) for name, part in parts.items()}


def apart_s(parts):
    """Return the least time between frames of different parts in one sequence [s]."""
    found = []
    for number in {number for part in parts.values() for number in part}:
        spans = sorted(
            (frames[0].stamp_ns, frames[-1].stamp_ns)
            for part in parts.values()
            if (frames := part.get(number))
        )
        found += [after[0] - before[1] for before, after in pairwise(spans)]
    return min(found) / SECOND if found else None


@given(
    lengths=st.lists(st.integers(0, 60), min_size=3, max_size=12),
    validation=st.sampled_from([0.0, 0.1, 0.3]),
)
def test_whole_sequences_go_to_one_part_each_and_none_is_lost(lengths, validation):
    shares = {'train': 0.8 - validation, 'test': 0.2}
    if validation:
        shares['validation'] = validation
    sequences = [sequence(n, range(1, length + 1)) for n, length in enumerate(lengths)]
    filled = {s.number: len(s) for s in sequences if len(s)}
    if len(filled) < len(shares):
        with pytest.raises(RecordingError, match='split by time'):
            split_by_sequence(sequences, shares)
        return
    parts = split_by_sequence(sequences, shares)
    assert all(parts.values())
    owned = [number for part in parts.values() for number in part]
    assert sorted(owned) == sorted(filled)
    for part in parts.values():
        assert {number: len(frames) for number, frames in part.items()} == {
            number: filled[number] for number in part
        }


def test_shares_are_met_as_well_as_sequences_allow():
    sequences = [sequence(n, range(1, 101)) for n in range(10)]
    assert sizes(split_by_sequence(sequences, SHARES)) == {'train': 800, 'test': 200}
    uneven = [sequence(n, range(1, length + 1)) for n, length in enumerate((300, 100, 60, 40))]
    assert sizes(split_by_sequence(uneven, SHARES)) == {'train': 400, 'test': 100}


@given(
    spans=st.lists(
        st.lists(st.integers(0, 60 * SECOND), min_size=1, max_size=40, unique=True).map(sorted),
        min_size=1,
        max_size=4,
    ),
    gap=st.floats(0, 10),
    test=st.floats(0.05, 0.95),
)
def test_a_gap_lies_between_the_parts_of_every_sequence(spans, gap, test):
    sequences = [sequence(n, stamps) for n, stamps in enumerate(spans)]
    try:
        parts = split_by_time(sequences, {'train': 1 - test, 'test': test}, gap)
    except RecordingError:
        return  # a part is left without frames; said in a test of its own
    apart = apart_s(parts)
    assert apart is None or apart >= gap - 1e-6
    for number, stamps in enumerate(spans):
        train = [f.stamp_ns for f in parts['train'].get(number, [])]
        tests = [f.stamp_ns for f in parts['test'].get(number, [])]
        assert [*train, *tests] == sorted({*train, *tests}), 'train first, and nothing twice'
        lost = [stamp for stamp in stamps if stamp not in {*train, *tests}]
        # What is lost lies in one stretch that is no longer than the gap.
        assert not lost or (lost[-1] - lost[0]) / SECOND <= gap + 1e-6


def test_a_minute_is_cut_by_share_with_the_gap_left_out():
    minute = sequence(0, [n * SECOND // 10 for n in range(601)])
    parts = split_by_time([minute], {'train': 0.6, 'validation': 0.1, 'test': 0.3}, 5)
    ends = {name: [part[0][0].stamp_ns, part[0][-1].stamp_ns] for name, part in parts.items()}
    seconds = {name: np.array(stamps) / SECOND for name, stamps in ends.items()}
    np.testing.assert_allclose(seconds['train'], (0, 29.9))
    np.testing.assert_allclose(seconds['validation'], (35, 39.9))
    np.testing.assert_allclose(seconds['test'], (45, 60))


def test_parts_are_recordings_that_say_what_they_are_of(tmp_path):
    walk = record(tmp_path / 'walk', [range(1, 11), range(101, 111)])
    recording = Recording(walk)
    parts = split_by_time(recording.sequences, SHARES, 1)
    copied = write_parts(recording, parts, tmp_path / 'parts', 'by time, 1 s apart')
    assert {name: part.frames for name, part in copied.items()} == {'train': 14, 'test': 4}
    assert [len(s) for s in Recording(tmp_path / 'parts/train').sequences] == [7, 7]
    test = Recording(tmp_path / 'parts/test')
    assert numbers(test) == [8, 9, 18, 19]
    assert test.header.source == 'test of walk, by time, 1 s apart'
    assert test.sequences[0].noise == recording.sequences[0].noise
    for name in ('train', 'test'):
        assert verify(tmp_path / 'parts' / name).sound
    prints = {Recording(tmp_path / 'parts' / n).fingerprint for n in ('train', 'test')}
    assert len({*prints, recording.fingerprint}) == 3


def test_sequences_that_are_too_short_for_the_gap_are_told(tmp_path):
    short = [sequence(0, [1 * SECOND, 2 * SECOND]), sequence(1, [5 * SECOND])]
    with pytest.raises(RecordingError, match=r'no frame is left for test: .* gap of 3 s'):
        split_by_time(short, SHARES, 3)
    long = sequence(2, [n * SECOND for n in range(60)])
    parts = split_by_time([*short, long], SHARES, 3)
    assert {n: len(frames) for n, frames in parts['train'].items()} == {0: 2, 1: 1, 2: 45}
    assert list(parts['test']) == [2]
