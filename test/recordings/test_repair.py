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
import json

import pytest

from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.repair import repair
from cdst_ros.recordings.verify import verify
from cdst_ros.recordings.writer import RecordingWriter

from .walks import numbers, record


@pytest.fixture
def walk(tmp_path):
    return record(tmp_path / 'walk', [(1, 2, 3), (4, 5)])


def lines_of(walk):
    return [json.loads(line) for line in (walk / 'frames.jsonl').read_text().splitlines()]


def write_lines(walk, lines):
    (walk / 'frames.jsonl').write_text(''.join(json.dumps(line) + '\n' for line in lines))


def test_a_sound_recording_is_left_alone(walk):
    before = {path: path.stat().st_mtime_ns for path in walk.rglob('*')}
    found = repair(walk)
    assert (found.frames, found.done, found.aside) == (5, [], None)
    assert {path: path.stat().st_mtime_ns for path in walk.rglob('*')} == before


def test_a_frame_without_depth_leaves_and_one_without_colour_goes_on(walk):
    broken = b'\x89PNG and no more'
    (walk / 'depth' / '000001.png').write_bytes(broken)
    (walk / 'depth' / '000004.png').unlink()
    (walk / 'color' / '000003.jpg').write_bytes(b'')
    color = (walk / 'color' / '000001.jpg').read_bytes()
    steps = []
    found = repair(walk, lambda done, of: steps.append((done, of)))
    assert steps[-1] == (5, 5)
    assert found.frames == 3
    assert len(found.done) == 3
    assert 'frame 1: depth/000001.png is not what was recorded' in found.done[0]
    assert found.done[1].endswith('color put aside')
    assert 'No such file' in found.done[2]
    recording = Recording(walk)
    assert numbers(recording) == [0, 2, 3]
    assert [frame.has('color') for frame in recording] == [True, True, False]
    assert verify(walk).sound
    assert verify(walk).notes == []
    # Nothing is lost.
    assert (found.aside / 'depth/000001.png').read_bytes() == broken
    assert (found.aside / 'color/000001.jpg').read_bytes() == color
    assert len((found.aside / 'frames.jsonl').read_bytes().splitlines()) == 5
    assert repair(walk).done == []


def test_damaged_lines_and_the_files_that_they_named_are_put_aside(walk):
    whole = (walk / 'frames.jsonl').read_bytes().splitlines(keepends=True)
    (walk / 'frames.jsonl').write_bytes(b''.join([*whole[:2], b'\0' * 40 + b'\n', *whole[3:]]))
    sequences = walk / 'sequences.jsonl'
    sequences.write_bytes(sequences.read_bytes() + b'{"number": "x"}\n')
    assert len(verify(walk).problems) == 2
    found = repair(walk)
    assert '1 damaged line of frames.jsonl: put aside' in found.done
    assert '1 damaged line of sequences.jsonl: put aside' in found.done
    assert '2 files of no frame: put aside' in found.done
    assert verify(walk).sound
    assert numbers(Recording(walk)) == [0, 1, 3, 4]
    assert Recording(walk).sequences[0].entry.name == 'walk 3'


def test_a_clock_that_was_set_back_gets_a_sequence_and_a_doubled_frame_leaves(walk):
    lines = lines_of(walk)
    for line in lines:
        line['sequence'] = 0
    lines[3]['stamp_ns'] = 10
    lines[4]['stamp_ns'] = 10
    (walk / 'sequences.jsonl').unlink()
    write_lines(walk, lines)
    assert len(verify(walk).problems) == 2
    found = repair(walk)
    assert 'frame 3: the clock was set back by 3.000 s: sequence 1 begins' in found.done
    assert 'frame 4: its stamp is not after 10: put aside' in found.done
    assert verify(walk).sound
    assert [numbers(s) for s in Recording(walk).sequences] == [[0, 1, 2], [3]]


def test_frames_out_of_order_are_put_in_order(walk):
    lines = lines_of(walk)
    write_lines(walk, [lines[1], lines[0], *lines[2:]])
    assert not verify(walk).sound
    repair(walk)
    assert verify(walk).sound
    assert numbers(Recording(walk)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize('damage', [None, b'', b'{"creator": "x"', b'[1]'])
def test_a_damaged_header_is_made_anew(walk, damage):
    header = walk / 'recording.json'
    header.unlink()
    if damage is not None:
        header.write_bytes(damage)
    found = repair(walk)
    assert found.done == ['recording.json was damaged: made anew']
    assert numbers(Recording(walk)) == [0, 1, 2, 3, 4]
    assert verify(walk).sound


def test_what_is_no_recording_is_not_made_one(tmp_path, walk):
    (tmp_path / 'photos').mkdir()
    with pytest.raises(RecordingError, match='is not a recording'):
        repair(tmp_path / 'photos')
    assert list((tmp_path / 'photos').iterdir()) == []
    (walk / 'recording.json').write_text('{"format": 9}')
    with pytest.raises(RecordingError, match='format 9'):
        repair(walk)
    with pytest.raises((RecordingError, RecordingWriteError)):
        repair(tmp_path / 'absent')


def test_nobody_repairs_while_somebody_writes(walk):
    with (
        RecordingWriter(walk, append=True),
        pytest.raises(RecordingError, match='is writing to'),
    ):
        repair(walk)


def test_the_leftovers_of_a_kill_are_cleared_away(walk):
    (walk / 'depth' / '000005.png').write_bytes(b'whole, but its line never came')
    (walk / 'color' / '000005.jpg.partial').write_bytes(b'half')
    found = repair(walk)
    assert found.done == ['1 file of no frame: put aside']
    assert verify(walk).notes == []
    assert numbers(Recording(walk)) == [0, 1, 2, 3, 4]
    with RecordingWriter(walk, append=True) as writer:
        assert writer.copy(Recording(walk)[0]) == 5
