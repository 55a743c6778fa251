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
"""Each gate lets through what is good, and says what is not."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.recordings.collecting import gates
from cdst_ros.recordings.collecting.rejection import Reason
from cdst_ros.synthetic import SyntheticCamera, load_profile

NAN = np.float32(np.nan)


@pytest.fixture(scope='module')
def pictures() -> list[np.ndarray]:
    """Grey pictures of three rooms, 640 pixels wide."""
    rooms = []
    for seed in (1, 2, 3):
        camera = SyntheticCamera(seed, 160, 120, profile=load_profile('tof'), frames=1)
        rooms.append(cv2.cvtColor(camera.frame(0).color, cv2.COLOR_RGB2GRAY))
    return rooms


def smeared(picture: np.ndarray, pixels: int) -> np.ndarray:
    """A picture that the camera moved sideways by so many pixels during."""
    return cv2.blur(picture, (pixels, 1))


@pytest.mark.parametrize(
    ('age_s', 'kept'), [(0.0, 1), (0.5, 1), (-0.5, 1), (0.6, 0), (-0.6, 0), (1e9, 0)]
)
def test_a_stamp_is_of_this_moment_or_stale(age_s: float, kept: int):
    assert (gates.stale(age_s, 0.5) is None) == bool(kept)
    assert gates.stale(age_s, 0.0) is None


def test_a_stale_stamp_is_told_to_be_early_or_late():
    assert 'before the clock' in gates.stale(2.0, 1.0).text
    assert 'after the clock' in gates.stale(-2.0, 1.0).text


@given(known=st.integers(0, 100))
def test_depth_has_to_be_known_in_a_share_of_the_pixels(known: int):
    depth = np.full(100, NAN)
    depth[:known] = 1.0
    found = gates.few_valid(depth.reshape(10, 10), 0.3, 0.0, 10.0)
    assert (found is None) == (known >= 30)
    assert found is None or found.reason is Reason.FEW_VALID


def test_depth_out_of_range_is_not_known():
    depth = np.full((4, 4), 5.0, np.float32)
    assert gates.few_valid(depth, 0.3, 0.0, 6.0) is None
    assert gates.few_valid(depth, 0.3, 0.0, 4.0) is not None
    assert gates.few_valid(depth, 0.3, 5.5, 9.0) is not None


def test_a_dark_picture_is_told_with_its_brightness():
    assert gates.dark(np.full((4, 4), 20, np.uint8), 20.0) is None
    found = gates.dark(np.full((4, 4), 19, np.uint8), 20.0)
    assert found.reason is Reason.DARK
    assert '19.0 of 255' in found.text


def test_the_more_a_picture_is_smeared_the_more_blurred_it_is(pictures):
    for picture in pictures:
        measured = [gates.blur(smeared(picture, n)) for n in (1, 5, 9, 15)]
        assert measured == sorted(measured)
        assert measured[-1] > measured[0] + 0.2


def test_blur_is_the_same_whichever_way_the_camera_moved(pictures):
    for picture in pictures:
        turned = np.ascontiguousarray(picture.T)[:, :640]
        assert gates.blur(smeared(turned, 9)) == pytest.approx(
            gates.blur(np.ascontiguousarray(smeared(turned, 9).T)), abs=1e-6
        )


def test_blur_does_not_depend_on_contrast_or_on_noise_free_walls(pictures):
    picture = smeared(pictures[0], 9)
    assert gates.blur(picture // 2) == pytest.approx(gates.blur(picture), abs=0.1)
    assert gates.blur(np.full((48, 64), 128, np.uint8)) == 0
    assert gates.blur(np.zeros((5, 1), np.uint8)) == 0


def test_a_large_picture_is_judged_at_the_width_of_others(pictures):
    large = cv2.resize(pictures[0], None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    assert gates.blur(large) == pytest.approx(gates.blur(pictures[0]), abs=1e-3)


def test_the_default_lets_sharp_pictures_through_and_smeared_ones_not(pictures):
    for picture in pictures:
        assert gates.blurred(picture, 0.6) is None
        assert gates.blurred(cv2.GaussianBlur(picture, (0, 0), 6), 0.6) is not None
