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
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.lowering import lowering
from cdst_ros.evaluation.references import (
    LoweredPairs,
    RecordedPairs,
    UnusableFrameError,
    color_of,
)
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.evaluation.sources import SourceFrame
from cdst_ros.synthetic import CameraPath, indoor_scene, render

LOW = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)
FINE = LOW.scaled(4, GridAlignment.HALF_PIXEL)


def frame(low=LOW, fine=FINE, factor=4, **changes):
    depth = np.full((48, 64), 2.0, np.float32)
    values = {
        'name': '0',
        'depth': depth,
        'encoding': '16UC1',
        'camera': low,
        'frame_id': 'tof',
        'reference': np.full((48 * factor, 64 * factor), 2.0, np.float32),
        'reference_camera': fine,
        'reference_frame_id': 'tof',
        **changes,
    }
    return SourceFrame(**values)


def pairs(first):
    return RecordedPairs(first, 5_000_000, '/ref')


def test_the_scale_is_told_by_the_sizes():
    made = pairs(frame())
    assert made.scales((), (2, 4)) == (2, 4)
    assert made.scales((4,), (2, 4)) == (4,)
    assert 'of the same view, 4 times as large, paired by stamp within 5 ms' in made.told()
    view = made.view(frame(), 4, 0)
    assert view.reference.shape == (192, 256)
    assert view.camera == FINE
    # At x2 the reference is reduced to what x2 can be.
    assert made.view(frame(), 2, 0).reference.shape == (96, 128)
    assert made.view(frame(), 2, 0).camera.matches(128, 96)


def test_scales_that_the_reference_has_no_pixels_for_are_refused():
    with pytest.raises(EvaluationError, match=r'4 times the pixels of the input.*x8 cannot'):
        pairs(frame()).scales((8,), (2, 4))
    with pytest.raises(EvaluationError, match='x2, x4 cannot be judged'):
        pairs(frame(factor=1, fine=LOW)).scales((), (2, 4))


def test_without_camera_infos_the_same_view_is_assumed_and_said():
    made = pairs(frame(low=None))
    assert 'no camera_info tells how' in made.notes[0]
    assert made.view(frame(low=None), 4, 0).camera is None
    with pytest.raises(EvaluationError, match='no whole scale, and a camera_info is missing'):
        pairs(frame(low=None, reference=np.ones((100, 100), np.float32)))
    with pytest.raises(EvaluationError, match='are of other frames, and a camera_info is missing'):
        pairs(frame(low=None, reference_frame_id='other'))


def test_another_camera_needs_static_transforms():
    with pytest.raises(EvaluationError, match=r"'tof' and its reference of 'other'.*/tf_static"):
        pairs(frame(reference_frame_id='other'))
    made = pairs(frame(reference_frame_id='other', to_reference=np.eye(4)))
    assert 'seen from the depth camera' in made.told()
    assert made.scales((), (2, 4)) == (2, 4)


def test_equal_frame_ids_of_other_cameras_are_told():
    other = CameraModel.from_intrinsics(300.0, 300.0, 127.5, 95.5, 256, 192)
    made = pairs(frame(fine=other))
    assert "both of the frame 'tof' and have other intrinsics" in made.notes[0]
    assert made.scales((), (2, 4)) == (2, 4)
    with pytest.raises(EvaluationError, match=r'5 times the pixels.*x8'):
        made.scales((8,), ())


def test_frames_of_other_sizes_are_left_out():
    made = pairs(frame())
    with pytest.raises(UnusableFrameError, match='64x48 and reference 192x144 are not of scale 4'):
        made.view(frame(factor=3, fine=None), 4, 0)
    with pytest.raises(UnusableFrameError, match='no reference'):
        made.view(frame(reference=None), 4, 0)
    with pytest.raises(UnusableFrameError, match='no whole scale'):
        made.view(frame(reference=np.ones((50, 50), np.float32), fine=None), 4, 0)


def test_a_reference_from_beside_is_seen_from_the_depth_camera():
    rng = np.random.default_rng(4)
    scene = indoor_scene(rng)
    pose = CameraPath.through(scene, rng).pose(2.0)
    beside = np.eye(4)
    beside[:3, 3] = (0.05, 0.0, 0.0)
    other = CameraModel.from_intrinsics(280.0, 280.0, 159.5, 119.5, 320, 240)
    taken = frame(
        depth=render(scene, LOW, pose).depth,
        reference=render(scene, other, pose @ beside).depth,
        fine=other,
        reference_frame_id='other',
        to_reference=np.linalg.inv(beside),
    )
    view = pairs(taken).view(taken, 4, 0)
    truth = render(scene, FINE, pose).depth
    assert view.camera == FINE
    both = np.isfinite(view.reference) & np.isfinite(truth)
    assert both.mean() > 0.8
    assert np.median(np.abs(view.reference - truth)[both]) < 0.002
    # Half a pixel beside it would be farther off.
    shifted = np.abs(view.reference[:, 1:] - truth[:, :-1])[both[:, 1:] & both[:, :-1]]
    assert np.median(np.abs(view.reference - truth)[both]) < np.median(shifted)


def test_lowered_pairs_need_no_reference():
    made = LoweredPairs(lowering('area'), reduce=2)
    assert made.scales((), (2, 4)) == (2, 4)
    assert made.scales((8,), (2, 4)) == (8,)
    told = made.told()
    assert "protocol 'area'" in told
    assert 'first reduced by 2' in told
    view = made.view(frame(reference=None), 2, 0)
    assert (view.low.shape, view.reference.shape) == ((12, 16), (24, 32))
    with pytest.raises(UnusableFrameError, match='64 times smaller'):
        made.view(frame(), 64, 0)


@pytest.mark.parametrize(
    ('changes', 'taken'),
    [
        ({}, True),
        ({'color_registered': False}, False),
        ({'color': None}, False),
        ({'color': np.zeros((40, 64, 3), np.uint8)}, False),
        ({'color_camera': LOW}, True),
        ({'color_camera': CameraModel.from_intrinsics(70.0, 70.0, 31.5, 23.5, 64, 48)}, False),
        ({'color': np.zeros((96, 128, 3), np.uint8), 'color_camera': None}, True),
    ],
)
def test_colour_is_registered_or_refused(changes, taken):
    given = {'color': np.zeros((48, 64, 3), np.uint8), 'color_registered': True, **changes}
    found = color_of(frame(**given), FINE, (192, 256))
    assert (found is not None) == taken
    if taken:
        assert found.shape == (192, 256, 3)
