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
from cdst_ros.evaluation.lowering import DEFAULT, LOWERINGS, Recorded, lowering

CAMERA = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)
NAN = np.nan


def lowered(name, depth, scale=2):
    return lowering(name).view(Recorded(np.array(depth, np.float32)), scale, 's', 0)


def test_each_protocol_by_hand():
    block = [[1.0, 1.02, NAN, NAN], [1.04, 3.0, NAN, 2.0]]
    np.testing.assert_allclose(lowered('valid_median', block).low, [[1.03, 2.0]])
    # One of four pixels is known in the second block: less than half.
    area = lowered('area', block).low
    assert area[0, 0] == pytest.approx((1.0 + 1.02 + 1.04 + 3.0) / 4)
    assert np.isnan(area[0, 1])
    assert lowered('pick', block).low.tolist() == [[3.0, 2.0]]


def test_cubic_keeps_planes_and_holes_do_not_leak():
    v, u = np.mgrid[:16, :24]
    plane = (2 + 0.01 * u + 0.02 * v).astype(np.float32)
    view = lowered('cubic', plane)
    expected = 2 + 0.01 * (2 * u[:8, :12] + 0.5) + 0.02 * (2 * v[:8, :12] + 0.5)
    np.testing.assert_allclose(view.low[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=1e-5)
    flat = np.full((16, 24), 2.0, np.float32)
    flat[4:8, 8:14] = NAN
    low = lowered('cubic', flat).low
    assert np.isnan(low[2:4, 4:7]).all()
    np.testing.assert_allclose(low[np.isfinite(low)], 2.0, rtol=1e-5)
    assert np.isfinite(low).sum() == low.size - 6


@pytest.mark.parametrize('name', [*LOWERINGS, 'tof', 'stereo', 'ideal'])
@pytest.mark.parametrize('scale', [2, 4])
def test_sizes_fit_and_cameras_follow(name, scale):
    depth = np.full((47, 63), 2.0, np.float32)
    camera = CameraModel.from_intrinsics(60.0, 60.0, 31.0, 23.0, 63, 47)
    color = np.zeros((47, 63, 3), np.uint8)
    view = lowering(name).view(Recorded(depth, color, camera), scale, 'walk', 3)
    height, width = view.reference.shape
    assert view.low.shape == (height // scale, width // scale)
    assert height % scale == width % scale == 0
    assert view.rgb.shape == (height, width, 3)
    assert view.camera.matches(width, height)
    assert view.sequence == 'walk'


def test_noise_is_that_of_the_frame():
    recorded = Recorded(np.full((48, 64), 2.0, np.float32), None, CAMERA)
    first, again, other = (
        lowering('tof').view(recorded, 4, 's', number).low for number in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other, equal_nan=True)


def test_reduced_first():
    depth = np.repeat(np.repeat(np.arange(1, 7, dtype=np.float32).reshape(2, 3), 2, 0), 2, 1)
    recorded = Recorded(depth, None, CameraModel.from_intrinsics(6, 6, 2.5, 1.5, 6, 4))
    smaller = recorded.reduced(2)
    assert smaller.depth.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert smaller.camera.matches(3, 2)
    assert smaller.camera.intrinsics() == pytest.approx((3, 3, 1, 0.5))
    assert recorded.reduced(1) is recorded
    with pytest.raises(ValueError, match='cannot be made 8 times smaller'):
        recorded.reduced(8)


def test_what_is_none_is_refused_with_what_there_is(tmp_path):
    assert DEFAULT in LOWERINGS
    with pytest.raises(ValueError, match=r"no degradation 'worse'.*valid_median.*stereo"):
        lowering('worse')
    with pytest.raises(ValueError, match='no sensor profile'):
        lowering(str(tmp_path / 'absent.yaml'))


def test_a_sensor_profile_of_a_file_is_taken(tmp_path):
    import yaml

    from cdst_ros.synthetic import load_profile

    file = tmp_path / 'mine.yaml'
    file.write_text(yaml.safe_dump(load_profile('tof').to_dict()))
    recorded = Recorded(np.full((48, 64), 2.0, np.float32), None, CAMERA)
    low = lowering(str(file)).view(recorded, 4, 's', 1).low
    np.testing.assert_array_equal(low, lowering('tof').view(recorded, 4, 's', 1).low)
