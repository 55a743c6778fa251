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
import pytest

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.merge import merge
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.verify import verify

from .walks import numbers, record


def test_sequences_stay_apart_and_files_as_they_are(tmp_path):
    a = record(tmp_path / 'a', [(1, 2), (1, 2, 3)])
    b = record(tmp_path / 'b', [(1, 2)], value=3000)
    steps = []
    copied = merge([a, b], tmp_path / 'all', progress=lambda done, of: steps.append((done, of)))
    assert (copied.frames, copied.sequences, copied.left_out) == (7, 3, [])
    assert steps == [(n, 7) for n in range(1, 8)]
    assert verify(tmp_path / 'all').sound
    whole = Recording(tmp_path / 'all')
    first, second, third = whole.sequences
    assert [s.number for s in (first, second, third)] == [0, 1, 2]
    assert (numbers(first), numbers(second)) == ([0, 1], [2, 3, 4])
    assert numbers(third, 3000) == [0, 1]
    for mine, theirs in zip(third, Recording(b), strict=True):
        for kind in ('depth', 'color'):
            assert mine.read_bytes(kind) == theirs.read_bytes(kind)
        assert (mine.pose == theirs.pose).all()
        assert mine.camera('color') == theirs.camera('color')
        assert (mine.extrinsics('color') == theirs.extrinsics('color')).all()
    theirs = Recording(b).sequences[0].entry
    for field in ('name', 'topics', 'world', 'noise', 'offered', 'dropped', 'started_ns'):
        assert getattr(third.entry, field) == getattr(theirs, field)
    assert whole.header.source == 'merged from a, b'


def test_one_recording_is_merged_into_another(tmp_path):
    a = record(tmp_path / 'a', [(1, 2)])
    b = record(tmp_path / 'b', [(1, 2)], value=3000)
    with pytest.raises(RecordingError, match='holds a recording already'):
        merge([b], a)
    assert merge([b], a, append=True).frames == 2
    assert [len(s) for s in Recording(a).sequences] == [2, 2]
    with pytest.raises(RecordingError, match=r'b shares 2 frames with .*a: leave one'):
        merge([b], a, append=True)


def test_recordings_that_share_frames_are_refused_and_nothing_is_written(tmp_path):
    a = record(tmp_path / 'a', [(1, 2)])
    with pytest.raises(RecordingError, match='shares 2 frames'):
        merge([a, a], tmp_path / 'all')
    with pytest.raises(RecordingError, match='is not a recording'):
        merge([a, tmp_path / 'absent'], tmp_path / 'all')
    assert not (tmp_path / 'all').exists()


def test_damage_is_left_out_and_told(tmp_path):
    a = record(tmp_path / 'a', [(1, 2, 3)])
    (a / 'color' / '000001.jpg').write_bytes(b'no image')
    lines = (a / 'frames.jsonl').read_bytes().splitlines(keepends=True)
    (a / 'frames.jsonl').write_bytes(b''.join([*lines, b'nonsense\n']))
    copied = merge([a], tmp_path / 'all')
    assert copied.frames == 2
    assert 'frames.jsonl, line 4' in copied.left_out[0]
    assert 'frame 1: color/000001.jpg is not what was recorded' in copied.left_out[1]
    assert verify(tmp_path / 'all').sound
