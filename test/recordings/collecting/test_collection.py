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
"""Frames pass the gates one after the other, and what is left is a sound recording."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.collecting import collection as module
from cdst_ros.recordings.collecting.budget import Budget
from cdst_ros.recordings.collecting.collection import Collection
from cdst_ros.recordings.collecting.limits import Limits
from cdst_ros.recordings.collecting.rejection import Reason
from cdst_ros.recordings.collecting.sample import ColorShot, DepthShot, Sample
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.verify import verify
from cdst_ros.synthetic import SyntheticCamera, load_profile

LIMITS = Limits(age_s=1.0, valid=0.3, brightness=20.0, blur=0.6, change=0.25)


@lru_cache
def walk():
    camera = SyntheticCamera(1, 80, 60, scale=2, profile=load_profile('tof'), frames=24)
    return [camera.frame(k) for k in range(24)]


def sample(number: int, stamp_s: float | None = None) -> Sample:
    frame = walk()[number]
    return Sample(
        stamp_ns=round(1e9 * (100.0 + number if stamp_s is None else stamp_s)),
        age_s=0.01,
        depth=DepthShot(frame.depth, 'depth', frame.camera),
        color=ColorShot(frame.color, 'rgb', frame.camera_hr),
        extrinsics={'color': np.eye(4)},
    )


class Collecting(Collection):
    """A collection that is offered what it counts, and remembers what it said."""

    def __init__(self, path: Path, limits: Limits = LIMITS, budget: Budget = Budget()) -> None:  # noqa: B008
        self.texts: list[str] = []
        super().__init__(path, limits=limits, budget=budget, said=self.texts.append)

    def take(self, one: Sample) -> Reason | None:
        self.tally.offer()
        rejection = self.offer(one)
        return None if rejection is None else rejection.reason


@pytest.fixture
def collecting(tmp_path: Path):
    with_limits = Collecting(tmp_path / 'recording')
    yield with_limits
    with_limits.close()


def test_good_frames_are_kept_as_they_are(collecting):
    assert collecting.take(sample(0)) is None
    assert collecting.take(sample(23)) is None
    collecting.close()
    assert verify(collecting.path).sound
    first = Recording(collecting.path)[0]
    np.testing.assert_allclose(first.depth(), walk()[0].depth, atol=0.00051)
    np.testing.assert_array_equal(first.extrinsics('color'), np.eye(4))
    assert first.camera('color') == walk()[0].camera_hr


def test_each_gate_refuses_and_the_next_good_frame_is_kept(collecting):
    good = sample(12)
    dark = replace(good, color=replace(good.color, image=good.color.image // 30))
    smeared = replace(
        good, color=replace(good.color, image=cv2.GaussianBlur(good.color.image, (0, 0), 7))
    )
    empty = replace(good, depth=replace(good.depth, image=good.depth.image * np.float32(np.nan)))
    wrong = replace(good, depth=replace(good.depth, camera=walk()[0].camera_hr))
    assert collecting.take(sample(0)) is None
    assert collecting.take(replace(good, age_s=2.0)) is Reason.STALE
    assert collecting.take(dark) is Reason.DARK
    assert collecting.take(smeared) is Reason.BLURRED
    assert collecting.take(empty) is Reason.FEW_VALID
    assert collecting.take(sample(1)) is Reason.UNMOVED
    assert collecting.take(wrong) is Reason.UNREADABLE
    assert collecting.take(good) is None
    counts = collecting.progress().counts
    assert counts.offered == 8
    assert counts.kept == 2
    assert sum(counts.dropped.values()) == 6


def test_a_refused_frame_is_not_what_later_ones_are_compared_with(collecting):
    good = sample(12)
    collecting.take(sample(0))
    wrong = replace(good, depth=replace(good.depth, camera=walk()[0].camera_hr))
    assert collecting.take(wrong) is Reason.UNREADABLE
    assert collecting.take(good) is None


def test_depth_alone_passes(collecting):
    assert collecting.take(replace(sample(0), color=None)) is None
    assert collecting.take(replace(sample(1), color=None)) is Reason.UNMOVED


def test_a_frame_that_comes_twice_is_left_out(tmp_path: Path):
    collecting = Collecting(tmp_path / 'recording', Limits())
    assert collecting.take(sample(0)) is None
    assert collecting.take(sample(0)) is Reason.REPEATED
    collecting.close()


def test_a_clock_set_back_begins_a_sequence_with_counts_of_its_own(tmp_path: Path):
    collecting = Collecting(tmp_path / 'recording', Limits())
    for number in range(3):
        collecting.take(sample(number))
    collecting.take(sample(2))  # twice
    collecting.take(sample(3, stamp_s=10.0))
    collecting.take(sample(4, stamp_s=11.0))
    assert any('ran back by' in text for text in collecting.texts)
    collecting.close()
    assert verify(collecting.path).sound
    first, second = (one.entry for one in Recording(collecting.path).sequences)
    assert (first.offered, first.dropped) == (4, {'repeated stamp': 1})
    assert (second.offered, second.dropped) == (2, {})
    assert second.began
    assert [frame.sequence for frame in Recording(collecting.path)] == [0, 0, 0, 1, 1]


def test_sessions_follow_each_other_in_one_recording(tmp_path: Path):
    for number in range(3):
        collecting = Collecting(tmp_path / 'recording')
        collecting.take(sample(8 * number))
        collecting.close()
    recording = Recording(tmp_path / 'recording')
    assert [frame.sequence for frame in recording] == [0, 1, 2]
    assert all(one.entry.ended for one in recording.sequences)


def test_a_budget_counts_what_was_there_before(tmp_path: Path):
    with_one = Collecting(tmp_path / 'recording')
    with_one.take(sample(0))
    with_one.close()
    collecting = Collecting(tmp_path / 'recording', budget=Budget(frames=2))
    assert collecting.take(sample(8)) is None
    assert collecting.take(sample(16)) is Reason.OVER_BUDGET
    collecting.budget = Budget(frames=3)
    assert collecting.take(sample(16)) is None
    collecting.close()


def test_a_disk_that_refuses_is_left_alone_for_a_moment(collecting, monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(module.time, 'monotonic', lambda: now[0])
    assert collecting.take(sample(0)) is None
    depth = collecting.path / 'depth'
    depth.rename(collecting.path / 'away')
    depth.write_text('in the way')
    assert collecting.take(sample(8)) is Reason.UNWRITTEN
    depth.unlink()
    (collecting.path / 'away').rename(depth)
    assert collecting.take(sample(8)) is Reason.UNWRITTEN
    now[0] += 1.5
    assert collecting.take(sample(8)) is None
    collecting.close()
    assert verify(collecting.path).sound


@pytest.mark.parametrize(
    ('size', 'says'),
    [
        ((60, 80), 'a reference has more pixels each way'),
        ((120, 80), 'a reference has more pixels each way'),
        ((90, 130), 'its camera_info 160x120'),
    ],
)
def test_a_reference_that_is_none_is_left_out_and_the_pair_kept(collecting, size, says):
    camera = walk()[0].camera_hr if size == (90, 130) else None
    reference = DepthShot(np.ones(size, np.float32), 'depth', camera)
    assert collecting.take(replace(sample(0), reference=reference)) is None
    assert says in collecting.texts[0]
    frame = Recording(collecting.path)[0]
    assert frame.has('color')
    assert not frame.has('reference')


def test_a_reference_is_kept_beside_its_pair(collecting):
    truth = DepthShot(walk()[0].truth(), 'depth', walk()[0].camera_hr)
    assert collecting.take(replace(sample(0), reference=truth)) is None
    np.testing.assert_array_equal(Recording(collecting.path)[0].reference(), truth.image)


def test_noise_stands_in_the_sequence(collecting):
    noise = MeasuredNoise(NoiseModel(0.001), frames=24)
    collecting.note_noise(noise)
    collecting.take(sample(0))
    collecting.close()
    assert Recording(collecting.path).sequences[0].noise == noise


def test_counts_are_written_while_it_goes_on(collecting, monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(module.time, 'monotonic', lambda: now[0])
    for _ in range(4):
        now[0] += 3.0
        collecting.take(sample(0))
    entry = Recording(collecting.path).sequences[0].entry
    assert entry.offered >= 2
    assert entry.dropped['no motion'] >= 1
    assert not entry.ended


def test_one_folder_has_one_collector(collecting):
    with pytest.raises(RecordingError, match='end it, or choose another folder'):
        Collecting(collecting.path)
    assert collecting.take(sample(0)) is None
