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
"""G2 on a walk of a synthetic sensor with poses."""

from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.guard.finding import Outcome
from cdst_ros.evaluation.guard.fused_frames import fused_frames
from cdst_ros.evaluation.guard.fused_view import fused_views
from cdst_ros.evaluation.guard.held_frame import HeldFrame
from cdst_ros.synthetic import load_profile

SCALE = 2
NOISE = load_profile('tof').noise


@pytest.fixture(scope='module')
def fused(world):
    return fused_views(world.held, SCALE, noise=NOISE)


def test_what_frames_say_together_is_nearer_to_the_truth_than_one(world, fused, bilinear):
    assert len(fused) == len(world.views)
    for one, exact in zip(fused, world.views, strict=True):
        reference, truth = one.view.reference, exact.reference
        own = bilinear(exact.low, None)
        both = np.isfinite(reference) & np.isfinite(own) & np.isfinite(truth)
        assert both.mean() > 0.4
        off, single = (np.abs(depth - truth)[both] for depth in (reference, own))
        assert np.median(off) < 0.8 * np.median(single)
        assert off.mean() < single.mean()


def test_a_frame_has_no_say_in_its_own_reference(world, fused):
    first = world.held[0]
    spoiled = replace(first, depth=first.depth + np.float32(0.02))
    again = fused_views([spoiled, *world.held[1:6]], SCALE, noise=NOISE)[0].view.reference
    both = np.isfinite(again) & np.isfinite(fused[0].view.reference)
    assert both.any()
    # The grid of voxels may lie elsewhere; the 2 cm of the frame itself must not come through.
    off = (again - fused[0].view.reference)[both]
    assert abs(np.median(off)) < 0.002


def test_a_better_method_gains(fused, better, bilinear):
    found = fused_frames(fused, better, bilinear)
    assert found.outcome is Outcome.BETTER, found.sentence
    assert 0 < found.details['noise_floor_cm'] < found.stands['edge_mae_cm'].old


def test_a_cheat_loses(fused, bilinear, cheat, cheats_with):
    found = fused_frames(fused, cheats_with(bilinear, cheat), bilinear)
    assert found.outcome is Outcome.WORSE, found.sentence


def test_a_cheat_with_half_the_error_loses_as_well(fused, better, bilinear, cheat, cheats_with):
    found = fused_frames(fused, cheats_with(better, cheat), bilinear)
    assert found.outcome is Outcome.WORSE, found.sentence


def test_there_is_no_verdict_under_the_noise_floor(fused, better, bilinear):
    noisy = [replace(one, apart=one.pixels * 1.0) for one in fused]
    found = fused_frames(noisy, better, bilinear)
    assert found.outcome is Outcome.NO_EVIDENCE
    assert 'noise floor 100.00 cm' in found.sentence


def test_without_poses_or_enough_frames_there_is_no_evidence(world, better, bilinear):
    unposed = [replace(frame, pose=None) for frame in world.held]
    blind = [replace(frame, depth=np.full_like(frame.depth, np.nan)) for frame in world.held]
    for held in (unposed, blind, world.held[:5], []):
        fused = fused_views(held, SCALE, noise=NOISE)
        assert fused == []
        found = fused_frames(fused, better, bilinear)
        assert found.outcome is Outcome.NO_EVIDENCE


def test_a_frame_is_judged_by_five_others_at_least(world):
    assert len(fused_views(world.held[:6], SCALE, noise=NOISE)) == 6
    assert fused_views(world.held[:5], SCALE, noise=NOISE) == []


CAMERA = CameraModel.from_intrinsics(48.0, 48.0, 23.5, 17.5, 48, 36)


def wall(number):
    """Return a frame of a wall 2 m away; the camera moves along it."""
    pose = np.eye(4)
    pose[0, 3] = 0.01 * number
    return HeldFrame('wall', np.full((36, 48), 2, np.float32), None, CAMERA, pose)


def test_what_fewer_than_three_others_saw_is_no_reference():
    frames = [wall(number) for number in range(7)]
    blind = slice(24, 48)
    for frame in frames[3:]:
        frame.depth[:, blind] = np.nan
    fused = fused_views(frames, SCALE)
    # Three saw that half: of one of them the others are two, of the rest three.
    for number, one in enumerate(fused):
        known = np.isfinite(one.view.reference)
        assert known[8:-8, 8:40].mean() > 0.95
        assert known[8:-8, 56:-8].mean() == pytest.approx(float(number >= 3), abs=0.05)


def test_a_few_pixels_at_the_end_of_the_range_do_not_spoil_the_volume():
    frames = [wall(number) for number in range(12)]
    clean = fused_views(frames, SCALE)
    frames[4].depth[10, 10] = frames[4].depth[20, 40] = 65.0
    fused = fused_views(frames, SCALE)
    assert len(fused) == 12
    for one, other in zip(fused, clean, strict=True):
        both = np.isfinite(one.view.reference) & np.isfinite(other.view.reference)
        assert both.mean() > 0.9
        np.testing.assert_allclose(one.view.reference[both], 2, atol=0.01)
    # What is enlarged is the frame as it was measured.
    assert fused[4].frame.depth[10, 10] == 65
    assert fused[4].view.low[10, 10] == 65
