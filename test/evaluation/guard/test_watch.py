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
"""The whole guard, on what a sensor measured."""

from dataclasses import replace

import numpy as np

from cdst_ros.evaluation.guard.finding import Outcome
from cdst_ros.evaluation.guard.fused_frames import not_by_fusing
from cdst_ros.evaluation.guard.held_frame import HeldFrame, enlarger
from cdst_ros.evaluation.guard.watch import guard
from cdst_ros.superres.engines import open_engine
from cdst_ros.synthetic import load_profile

TOF = load_profile('tof')
SMALL = replace(TOF, name='small', optics=replace(TOF.optics, size=(64, 48), field_of_view=60.0))


def findings_of(decision):
    return {one.name: one for one in decision.findings}


def test_all_three_are_asked_and_a_better_model_is_offered(world):
    new = enlarger(open_engine('lite_x2', threads=1))
    old = enlarger(open_engine(None, 'bilinear', scale=2))
    decision = guard(world.held, 2, new, old, SMALL, most=12)
    found = findings_of(decision)
    assert list(found) == ['cross_scale', 'fused_frames', 'matched']
    assert found['fused_frames'].frames == 12
    assert found['cross_scale'].details['made_smaller_by'] == 'small'
    assert found['matched'].frames == 12
    assert decision.offered, decision.sentence
    assert decision.seconds > 0
    # And the other way round it is not.
    assert not guard(world.held, 2, old, new, SMALL, most=12).offered


def test_frames_that_reach_too_far_to_be_fused_are_no_evidence(world, bilinear):
    camera, far = world.held[0].camera, []
    for number in range(12):
        # A hall: a third of what is seen lies at the end of a 16-bit image.
        depth = np.full((camera.height, camera.width), 2, np.float32)
        depth[:, ::3] = 65.5
        pose = np.eye(4)
        pose[0, 3] = 3.0 * number
        far.append(HeldFrame('hall', depth, None, camera, pose))
    decision = guard(far, 2, bilinear, bilinear, SMALL, most=12)
    found = findings_of(decision)['fused_frames']
    assert found.outcome is Outcome.NO_EVIDENCE
    assert 'too far for voxels of' in found.sentence
    assert found.advice
    assert not decision.offered


def test_a_sensor_that_fattens_contours_is_not_judged_by_fused_frames(world, bilinear):
    assert not_by_fusing(TOF) is None
    stereo = load_profile('stereo')
    found = not_by_fusing(stereo)
    assert found.outcome is Outcome.NO_EVIDENCE
    assert 'fattens contours' in found.sentence
    sharp = replace(stereo, triangulation=replace(stereo.triangulation, window=1.0))
    assert not_by_fusing(sharp) is None


def test_a_sensor_that_blurs_contours_is_not_judged_by_fused_frames():
    found = not_by_fusing(replace(TOF, smoothing=0.8))
    assert found.outcome is Outcome.NO_EVIDENCE
    assert 'blurs contours' in found.sentence
    assert not_by_fusing(replace(TOF, smoothing=0.3)) is None


def test_frames_are_judged_in_a_window_where_they_are_many(world, bilinear, monkeypatch):
    from cdst_ros.evaluation.guard import fused_view
    from cdst_ros.evaluation.guard.fused_frames import fused_frames

    monkeypatch.setattr(fused_view, 'MOST_PIXELS', 48 * 36 * 4)
    views = fused_view.fused_views(world.held[:6], 2, noise=TOF.noise)
    for one in views:
        assert one.view.low.shape == (36, 48)
        assert one.view.reference.shape == (72, 96)
        rows, columns = one.window
        held = one.frame.depth[rows.start // 2 : rows.stop // 2,
                               columns.start // 2 : columns.stop // 2]  # fmt: skip
        np.testing.assert_array_equal(held, one.view.low)
        # What is seen is what lies in the window: the truth of that part, nearly.
        truth = world.views[[f is one.frame for f in world.held].index(True)].reference
        off = np.abs(one.view.reference - truth[one.window])
        assert np.nanmedian(off) < 0.05
    assert fused_frames(views, bilinear, bilinear).outcome is Outcome.EVEN
