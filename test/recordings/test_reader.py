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
from dataclasses import replace

import cv2
import numpy as np
import pytest

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.writer import Picture, RecordingWriter

from .walks import CAMERA


@pytest.fixture
def folder(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        for stamp in (100, 133, 170, 200):
            writer.append(stamp * 1_000_000, Picture(np.full((6, 8), 1000 + stamp, np.uint16)))
    return tmp_path / 'r'


def test_a_recording_is_a_sequence(folder):
    recording = Recording(folder)
    assert len(recording) == 4
    assert [f.index for f in recording] == [0, 1, 2, 3]
    assert recording[-1].stamp_ns == 200_000_000
    assert [f.index for f in recording[1:3]] == [1, 2]
    with pytest.raises(IndexError):
        recording[4]


def test_the_rate_is_that_of_the_stamps_where_none_is_noted(folder, tmp_path):
    assert Recording(folder).rate_hz == pytest.approx(1 / 0.033, rel=1e-6)
    RecordingWriter(tmp_path / 'empty').close()
    assert Recording(tmp_path / 'empty').rate_hz is None


def test_images_are_read_when_asked_for(folder):
    recording = Recording(folder)
    frame = recording[2]
    (folder / 'depth' / '000002.png').unlink()
    assert frame.image('depth').width == 8
    with pytest.raises(RecordingError, match=r'frame 2: .*000002\.png: No such file'):
        frame.depth()
    assert float(recording[3].depth()[0, 0]) == pytest.approx(1.2)


def test_a_missing_kind_is_none_or_says_so(folder):
    frame = Recording(folder)[0]
    assert frame.color() is None
    assert frame.reference() is None
    assert frame.pose is None
    assert frame.camera('color') is None
    with pytest.raises(RecordingError, match=r'frame 0 of .* has no color image'):
        frame.image('color')


def test_a_damaged_image_is_named(folder):
    file = folder / 'depth' / '000001.png'
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(RecordingError, match=r'frame 1: .*cut short.*cdst-ros record verify'):
        Recording(folder)[1].depth()


def test_an_eight_bit_image_is_no_depth(folder):
    cv2.imwrite(str(folder / 'depth' / '000001.png'), np.zeros((6, 8), np.uint8))
    with pytest.raises(RecordingError, match='6x8 uint8: depth is one channel of 16 bits'):
        Recording(folder)[1].depth()


@pytest.mark.parametrize(
    ('header', 'message'),
    [
        (None, 'is not a recording.*record import'),
        ('{"format": 2}', 'format 2; this version reads format 1'),
        ('{"form', 'is damaged'),
        ('[1]', 'is damaged'),
    ],
)
def test_what_is_no_recording_is_refused_with_the_remedy(folder, header, message):
    file = folder / 'recording.json'
    file.unlink()
    if header is not None:
        file.write_text(header)
    with pytest.raises(RecordingError, match=message):
        Recording(folder)


@pytest.mark.parametrize(
    'change',
    [
        {'depth': None},
        {'stamp_ns': 'later'},
        {'pose': [1.0, 2.0]},
        {'depth': {'file': '../../secret.png', 'width': 8, 'height': 6, 'sha256': ''}},
        {'depth': {'file': '/etc/passwd', 'width': 8, 'height': 6, 'sha256': ''}},
        {'depth': {'file': 'depth/0.png', 'width': 8, 'height': 6, 'sha256': '', 'camera': {}}},
    ],
)
def test_a_damaged_line_costs_its_frame_only(folder, change):
    file = folder / 'frames.jsonl'
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[1].update(change)
    file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    recording = Recording(folder)
    assert [f.index for f in recording] == [0, 2, 3]
    assert [line.number for line in recording.damaged] == [2]


def test_the_topic_that_an_image_came_from_says_whether_it_is_rectified(tmp_path):
    """Its camera_info serves raw and rectified images alike."""
    bent = replace(CAMERA, d=(-0.2, 0.02, 0.0, 0.0, 0.0))
    with RecordingWriter(tmp_path / 'r') as writer:
        for number, topic in enumerate(('/rgb/image_raw', '/rgb/image_rect_color', '')):
            writer.begin_sequence(topics={'color': topic} if topic else None)
            depth = Picture(np.ones((12, 16), np.uint16), 'tof', bent)
            color = Picture(np.ones((12, 16, 3), np.uint8), 'rgb', bent)
            writer.append(number * 10**9, depth, color)
    recording = Recording(tmp_path / 'r')
    assert [frame.camera('color').bends for frame in recording] == [True, False, True]
    assert all(frame.camera('depth').bends for frame in recording)
    assert recording[1].camera('color') == recording[:2][1].camera('color') == bent.rectified()
    assert recording[1].image('color').camera == bent, 'what was told is kept'
