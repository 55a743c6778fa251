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

import cv2
import numpy as np
import pytest

from cdst_ros.recordings.verify import verify
from cdst_ros.recordings.writer import Picture, RecordingWriter


@pytest.fixture
def folder(tmp_path):
    color = np.full((6, 8, 3), 90, np.uint8)
    with RecordingWriter(tmp_path / 'r') as writer:
        for stamp in (1, 2, 3):
            writer.append(stamp, Picture(np.full((6, 8), stamp, np.uint16)), Picture(color))
    return tmp_path / 'r'


def test_a_sound_recording_is_sound_and_progress_is_told(folder):
    steps = []
    found = verify(folder, lambda done, of: steps.append((done, of)))
    assert found.sound
    assert (found.frames, found.problems, found.notes) == (3, [], [])
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_changed_byte_is_found(folder):
    file = folder / 'color' / '000001.jpg'
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    problems = verify(folder).problems
    assert 'frame 1: color/000001.jpg is not what was recorded' in problems[0]


def test_an_exchanged_image_of_another_size_is_found(folder):
    cv2.imwrite(str(folder / 'depth' / '000002.png'), np.ones((3, 4), np.uint16))
    problems = verify(folder).problems
    assert any('000002.png is 4x3, its line says 8x6' in problem for problem in problems)


def test_a_missing_file_is_found(folder):
    (folder / 'depth' / '000000.png').unlink()
    (problem,) = verify(folder).problems
    assert problem.startswith('frame 0: ')
    assert 'No such file' in problem


def test_a_clock_set_back_is_found(folder):
    file = folder / 'frames.jsonl'
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[2]['stamp_ns'] = 2
    file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    (problem,) = verify(folder).problems
    assert 'frame 2: its stamp 2 is not after 2' in problem


def test_a_frame_out_of_order_is_found(folder):
    file = folder / 'frames.jsonl'
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + third + second)
    assert 'frame 1 comes after frame 2' in verify(folder).problems[0]


def test_what_a_kill_left_is_noted_and_harms_nothing(folder):
    (folder / 'depth' / '000003.png').write_bytes(b'whole, but its line never came')
    (folder / 'color' / '000003.jpg.partial').write_bytes(b'half')
    found = verify(folder)
    assert found.sound
    assert found.notes == [
        'depth/000003.png belongs to no line',
        'color/000003.jpg.partial was being written',
    ]
