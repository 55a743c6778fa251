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
from rooms import record

from cdst_ros.learning.job import JobError
from cdst_ros.learning.parts import divide, split
from cdst_ros.learning.stages import largest_crop
from cdst_ros.recordings.reader import Recording, read_entries
from cdst_ros.recordings.verify import verify


@pytest.fixture(scope='module')
def room(tmp_path_factory):
    return record(tmp_path_factory.mktemp('rooms') / 'room', 60, size=(16, 12), rate_hz=5.0)


def test_the_last_frames_are_held_out_behind_a_gap(room):
    entries = read_entries(room).entries
    learned, judged = divide(entries, 0.2, 2.0)
    assert judged == entries[48:]
    assert judged[0].stamp_ns - learned[-1].stamp_ns >= 2e9
    assert len(learned) == 39  # ten frames of 5 Hz are between, the last of them 2 s before


def test_no_gap_between_sessions(room):
    entries = read_entries(room).entries
    moved = [*entries[:48], *(e.__class__(**{**e.__dict__, 'sequence': 1}) for e in entries[48:])]
    assert len(divide(moved, 0.2, 2.0).learned) == 48


@pytest.mark.parametrize(('held_out', 'gap_s'), [(0.05, 0.0), (0.9, 0.0), (0.2, 11.0)])
def test_too_few_frames_are_told_with_how_many_it_takes(room, held_out, gap_s):
    with pytest.raises(JobError, match=r'60 frames are too few: .* collect about \d+ at least'):
        divide(read_entries(room).entries, held_out, gap_s)


def test_parts_are_recordings_that_copy_nothing(room, tmp_path):
    parts = split(room, tmp_path / 'a' / 'room', tmp_path / 'b' / 'room', 0.2, 1.0)
    learned, judged = Recording(tmp_path / 'a' / 'room'), Recording(tmp_path / 'b' / 'room')
    assert (len(learned), len(judged)) == (len(parts.learned), len(parts.judged))
    whole = Recording(room)
    np.testing.assert_array_equal(judged[-1].depth(), whole[-1].depth())
    np.testing.assert_array_equal(judged[-1].reference(), whole[-1].reference())
    assert (tmp_path / 'a' / 'room' / 'depth').is_symlink()
    assert verify(tmp_path / 'b' / 'room').sound
    assert len({whole.fingerprint, learned.fingerprint, judged.fingerprint}) == 3
    split(room, tmp_path / 'a' / 'room', tmp_path / 'b' / 'room', 0.2, 1.0)
    assert Recording(tmp_path / 'a' / 'room').fingerprint == learned.fingerprint


def test_samples_fit_the_smallest_image(room, tmp_path):
    assert largest_crop(read_entries(room).entries, 4) == 12
    alone = record(tmp_path / 'alone', 3, size=(40, 32), reference=False)
    # Without a reference the input is made of the depth itself.
    assert largest_crop(read_entries(alone).entries, 4) == 8
