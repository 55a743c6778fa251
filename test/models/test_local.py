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
import pytest
import torch

from cdst_ros.models.local import LocalView

NOISE = (0.01, 0.0, 0.0)


def view(depth, valid, window=3):
    return LocalView(window, NOISE)(
        torch.tensor(depth)[None, None], torch.tensor(valid)[None, None]
    )


def test_differences_are_in_units_of_range_and_noise():
    depth = [[1.0, 1.0, 1.0], [1.0, 1.0, 3.0], [1.0, 1.0, 1.0]]
    local = view(depth, torch.ones(3, 3).tolist())
    unit = 2.0 + 4 * 0.01 + 1e-4 * 1.0
    assert local.unit[0, 0, 1, 1] == pytest.approx(unit)
    wanted = [0, 0, 0, 0, 2 / unit, 0, 0, 0]
    assert local.differences[0, :, 1, 1].tolist() == pytest.approx(wanted)


def test_an_unknown_centre_is_the_mean_of_its_known_neighbours():
    depth = [[1.0, 9.0, 9.0], [9.0, 9.0, 9.0], [9.0, 9.0, 4.0]]
    valid = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    local = view(depth, valid)
    assert local.centre[0, 0, 1, 1] == 2.5
    away = local.differences[0, :, 1, 1] * local.unit[0, 0, 1, 1]
    assert away.tolist() == pytest.approx([-1.5, 0, 0, 0, 0, 0, 0, 1.5])


def test_without_any_depth_all_is_zero_and_finite():
    local = view(torch.full((4, 5), 7.0).tolist(), torch.zeros(4, 5).tolist(), window=5)
    assert local.centre.abs().max() == 0
    assert local.differences.abs().max() == 0
    assert (local.unit > 0).all()


def test_beyond_the_border_its_pixels_repeat():
    depth = [[1.0, 2.0], [3.0, 4.0]]
    local = view(depth, torch.ones(2, 2).tolist())
    away = local.differences[0, :, 0, 0] * local.unit[0, 0, 0, 0]
    assert away.tolist() == pytest.approx([0, 0, 1, 0, 1, 2, 2, 3], abs=1e-6)


@pytest.mark.parametrize('window', [1, 4])
def test_a_window_without_a_centre_or_neighbours_is_refused(window):
    with pytest.raises(ValueError, match='odd'):
        LocalView(window, NOISE)
