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
import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.summary import find_recordings, summarise
from cdst_ros.recordings.writer import Picture, RecordingWriter

from .walks import record as record_sequences


def record(folder, frames, color=True):
    camera = CameraModel.from_intrinsics(9.0, 9.0, 3.5, 2.5, 8, 6)
    with RecordingWriter(folder) as writer:
        for number in range(frames):
            writer.append(
                1_000_000_000 + number * 500_000_000,
                Picture(np.full((6, 8), 900, np.uint16), 'tof', camera),
                Picture(np.zeros((12, 16, 3), np.uint8)) if color else None,
                pose=np.eye(4) if number else None,
            )


def test_a_recording_is_summed_up(tmp_path):
    record(tmp_path / 'r', 5)
    found = summarise(tmp_path / 'r')
    assert (found.frames, found.seconds, found.rate_hz) == (5, 2.0, 2.0)
    assert found.sizes == {'depth': ['8x6'], 'color': ['16x12']}
    assert (found.cameras, found.poses, found.damaged, found.stamps_made) == (5, 4, 0, False)
    files = [f for f in (tmp_path / 'r').rglob('*') if f.is_file()]
    assert found.bytes == sum(len(f.read_bytes()) for f in files)


def test_sequences_are_summed_up_each_and_their_times_added(tmp_path):
    walk = record_sequences(tmp_path / 'r', [(1, 2, 4), (101, 102)])
    found = summarise(walk)
    assert found.seconds == 4.0
    assert found.rate_hz == 1.0, 'the step between the sequences is none of the camera'
    assert [(s.entry.number, s.frames, s.seconds) for s in found.sequences] == [
        (0, 3, 3.0), (1, 2, 1.0),
    ]  # fmt: skip
    assert found.sequences[0].entry.dropped == {'dark': 2}
    assert found.fingerprint == Recording(walk).fingerprint


def test_a_recording_that_is_being_written_is_summed_up(tmp_path):
    record(tmp_path / 'r', 1)
    size = summarise(tmp_path / 'r').bytes
    # As a file that takes its name while we look.
    (tmp_path / 'r' / 'depth' / '000001.png.partial').symlink_to('gone')
    assert summarise(tmp_path / 'r').bytes == size


def test_an_empty_recording_is_summed_up(tmp_path):
    record(tmp_path / 'r', 0)
    found = summarise(tmp_path / 'r')
    assert (found.frames, found.seconds, found.rate_hz, found.sizes) == (0, 0.0, None, {})


def test_recordings_are_found_in_a_folder_of_them(tmp_path):
    for name in ('b', 'a'):
        record(tmp_path / name, 1)
    (tmp_path / 'other').mkdir()
    assert list(find_recordings(tmp_path)) == [tmp_path / 'a', tmp_path / 'b']
    assert list(find_recordings(tmp_path / 'a')) == [tmp_path / 'a']
    with pytest.raises(RecordingError, match='is no folder'):
        list(find_recordings(tmp_path / 'absent'))
