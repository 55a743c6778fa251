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
"""Frames of a recording, as the guard takes them."""

import numpy as np

from cdst_ros.evaluation.guard.held_frame import HeldFrames, enlarger
from cdst_ros.recordings.reader import Recording
from cdst_ros.superres.engines import open_engine


def test_recorded_frames_keep_depth_camera_pose_and_sequence(recording):
    recorded = Recording(recording)
    held = HeldFrames(recorded)
    assert len(held) == 6
    assert {one.sequence for one in held} == {f'sequence {recorded[0].sequence}'}
    for one, frame in zip(held, recorded, strict=True):
        np.testing.assert_array_equal(one.depth, frame.depth())
        np.testing.assert_array_equal(one.pose, frame.pose)
        assert one.camera == frame.camera()
        assert one.rgb is None


def test_an_enlarged_frame_stays_when_the_next_one_comes(recording):
    enlarge = enlarger(open_engine(None, 'bilinear', scale=2))
    first, second = HeldFrames(Recording(recording)[:2])
    out = enlarge(first.depth, None)
    kept = out.copy()
    enlarge(second.depth, None)
    np.testing.assert_array_equal(out, kept)
    assert out.shape == (2 * first.depth.shape[0], 2 * first.depth.shape[1])
