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
import shutil

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.writer import Picture, RecordingWriter

CAMERA = CameraModel.from_intrinsics(20, 21, 7, 5, 16, 12)


def record(folder, *, frames=3, noise=None, value=900, name='', pose=None):
    with RecordingWriter(folder) as writer:
        writer.begin_sequence(name)
        for stamp in range(1, frames + 1):
            writer.append(
                stamp, Picture(np.full((12, 16), value, np.uint16), 'tof', CAMERA), pose=pose
            )
        if noise is not None:
            writer.note(noise=MeasuredNoise(NoiseModel(noise)))
    return Recording(folder).fingerprint


def test_equal_recordings_and_copies_have_it_in_common(tmp_path):
    first = record(tmp_path / 'a')
    assert len(first) == 64
    assert record(tmp_path / 'b', name='another name') == first
    shutil.copytree(tmp_path / 'a', tmp_path / 'moved')
    assert Recording(tmp_path / 'moved').fingerprint == first
    # The text of the lines is not what they say.
    file = tmp_path / 'moved' / 'frames.jsonl'
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text(''.join(json.dumps(line, sort_keys=True) + '\n' for line in lines))
    assert Recording(tmp_path / 'moved').fingerprint == first


@pytest.mark.parametrize(
    'other', [{'frames': 4}, {'value': 901}, {'noise': 0.01}, {'pose': np.eye(4)}]
)
def test_what_a_training_would_see_differently_changes_it(tmp_path, other):
    assert record(tmp_path / 'a') != record(tmp_path / 'b', **other)


def test_it_is_the_same_on_every_machine_and_in_every_version(tmp_path):
    """A model that was trained long ago names its recording: this value must never change."""
    folder = tmp_path / 'old'
    (folder / 'depth').mkdir(parents=True)
    (folder / 'recording.json').write_text('{"format": 1}')
    (folder / 'frames.jsonl').write_text(
        '{"index": 0, "stamp_ns": 7, "depth": {"file": "depth/000000.png", "width": 2, '
        '"height": 1, "sha256": "ab", "frame_id": "tof", "camera": {"width": 2, "height": 1, '
        '"k": [1, 0, 0.1, 0, 1, 0, 0, 0, 1]}}, "pose": '
        '[1, 0, 0, 0.25, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}\n'
    )
    assert Recording(folder).fingerprint == (
        '4c0a94144cb6695e224f35e7647c785a57473f190b2a031de9edcd06a561bd0f'
    )
