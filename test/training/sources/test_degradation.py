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
from dataclasses import replace

import numpy as np
import pytest
from recordings.datasets.layouts import disparity

from cdst_ros.evaluation.middlebury import MAPPING, reduce
from cdst_ros.evaluation.resampling import reduce_antialiased
from cdst_ros.synthetic import load_profile
from cdst_ros.training.sources.degradation import OWN, Degradation
from cdst_ros.training.sources.levels import PROTOCOL


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize('scale', [2, 4, 8, 16])
def test_disparity_is_reduced_as_the_table_of_papers_has_it(scale):
    levels = disparity(3, 96, 128)
    made = Degradation('cv2_bicubic').of_levels(rng(), levels.astype(np.float32), scale, PROTOCOL)
    np.testing.assert_allclose(made, MAPPING.to_metres(reduce(levels, scale)), rtol=1e-6)


def test_pil_bicubic_of_disparity_is_anti_aliased_and_in_whole_levels():
    levels = disparity(3, 96, 128).astype(np.float32)
    made = Degradation('pil_bicubic').of_levels(rng(), levels, 4, PROTOCOL)
    whole = made / PROTOCOL.step - PROTOCOL.offset
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-3)
    np.testing.assert_allclose(whole, reduce_antialiased(levels, 4).clip(0, 255), atol=0.51)


def test_a_hole_of_disparity_does_not_bleed():
    levels = np.full((32, 32), 120.0, np.float32)
    levels[8:16, 8:16] = np.nan
    for name in ('cv2_bicubic', 'pil_bicubic', 'area', 'pick', 'valid_median'):
        made = Degradation(name).of_levels(rng(), levels, 4, PROTOCOL)
        known = np.isfinite(made)
        assert not known[2:4, 2:4].any(), name
        assert known[5:, 5:].all(), name
        np.testing.assert_allclose(made[known], 1.84, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize('name', ['cv2_bicubic', 'pil_bicubic', 'area', 'pick', 'valid_median'])
def test_a_wall_stays_a_wall(name):
    depth = np.full((16, 24), 2.5, np.float32)
    made = Degradation(name).of_depth(rng(), depth, 4, None)
    assert made.shape == (4, 6)
    np.testing.assert_allclose(made, 2.5, rtol=1e-6)


def test_area_mixes_and_the_median_does_not():
    depth = np.full((4, 4), 1.0, np.float32)
    depth[:, 3] = 5.0
    assert Degradation('area').of_depth(rng(), depth, 4, None)[0, 0] == 2.0
    assert Degradation('valid_median').of_depth(rng(), depth, 4, None)[0, 0] == 1.0


def test_a_sensor_adds_its_noise():
    depth = np.full((64, 64), 2.0, np.float32)
    made = Degradation('tof').of_depth(rng(), depth, 2, None)
    assert made.shape == (32, 32)
    assert 1e-4 < np.nanstd(made) < 0.1


def test_a_sensor_that_picks_takes_the_middle_of_blocks_of_every_second_pixel(tmp_path):
    file = tmp_path / 'picking.yaml'
    file.write_text('{name: picking, sampling: pick}')
    picking = Degradation(str(file))
    assert picking.every == 2
    ramp = np.tile(np.arange(32, dtype=np.float32) + 1.0, (32, 1))
    made = picking.of_depth(rng(), ramp, 4, None)
    assert made.shape == (4, 4)
    truth = ramp[::2, ::2]
    np.testing.assert_allclose(made, truth.reshape(4, 4, 4, 4).mean((1, 3)))


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(ValueError, match=r'no degradation .fog.: use one of cv2_bicubic, .*tof'):
        Degradation('fog')


def test_what_a_sensor_measured_is_made_smaller_by_its_pixels_alone():
    depth = np.full((48, 64), 2.0, np.float32)
    depth[:, 31:] = 1.0
    sensor = load_profile('generic')
    assert sensor.edge_dropout > 0
    own = Degradation(OWN, sensor)
    made = own.of_depth(rng(), depth, 2, None)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made[:, :15], 2.0, atol=sensor.quantisation)
    np.testing.assert_allclose(made[:, 15], 1.5, atol=0.2)  # a pixel that mixes both
    soft = replace(sensor, smoothing=1.0)
    assert (Degradation(OWN, soft).of_depth(rng(), depth, 2, None)[:, 14] < 1.99).all()
    assert not Degradation(OWN, load_profile('stereo')).wants_color
    with pytest.raises(ValueError, match='no sensor is trained for here'):
        Degradation(OWN)
