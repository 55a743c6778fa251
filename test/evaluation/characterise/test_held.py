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
"""sigma(z) of a camera that somebody holds still, or does not."""

import numpy as np
import pytest

from cdst_ros.evaluation.characterise.held import HeldSensor, NotStillError
from cdst_ros.synthetic import SyntheticCamera, load_profile


def still_frames(name: str, seed: int = 10, count: int = 48) -> tuple:
    profile = load_profile(name)
    width, height = (min(size, 256) for size in profile.optics.size)
    camera = SyntheticCamera(
        seed, width, height, scale=1, profile=profile, frames=2, color=False, still=count
    )
    return [camera.frame(k).depth for k in range(count)], camera.camera


@pytest.mark.parametrize('name', ['generic', 'tof'])
def test_the_noise_of_a_profile_is_found_again(name: str):
    held = HeldSensor()
    held.add(*still_frames(name))
    found = held.noise(stamp_ns=77)
    profile = load_profile(name)
    # what stays from frame to frame is no noise over time
    passing = np.sqrt(1 - profile.noise_persistence**2)
    for depth in (1.5, 2.5):
        truth = passing * float(profile.noise.sigma(np.float32(depth)))
        assert float(found.model.sigma(np.float32(depth))) == pytest.approx(truth, rel=0.4)
    assert found.frames >= 40
    assert found.stamp_ns == 77
    assert len(found.depths) == len(found.sigmas) == len(found.pixels) >= 3
    assert min(found.pixels) > 0


def test_a_camera_that_moves_is_refused_and_nothing_taken_in():
    held = HeldSensor()
    camera = SyntheticCamera(
        10, 160, 144, scale=1, profile=load_profile('tof'), frames=40, color=False
    )
    with pytest.raises(NotStillError, match='moved'):
        held.add([camera.frame(k).depth for k in range(10, 34)], camera.camera)
    with pytest.raises(NotStillError, match='nowhere'):
        held.noise()


def test_too_few_images_are_refused_and_repeated_ones_are_few():
    frames, camera = still_frames('tof', count=5)
    for few in ([], frames, [frame for frame in frames for _ in range(6)]):
        with pytest.raises(NotStillError, match='different depth images came'):
            HeldSensor().add(few, camera)


def test_a_driver_that_delivers_each_image_twice_does_no_harm():
    frames, camera = still_frames('tof', count=24)
    once, twice = HeldSensor(), HeldSensor()
    once.add(frames, camera)
    twice.add([frame for frame in frames for _ in range(2)], camera)
    assert twice.noise().model == once.noise().model


def wall(distance: float, rng: np.random.Generator) -> list[np.ndarray]:
    sigma = 0.002 * distance
    return [
        (distance + sigma * rng.standard_normal((96, 128))).astype(np.float32) for _ in range(24)
    ]


def test_one_wall_is_too_little_and_walls_at_several_distances_add_up():
    rng = np.random.default_rng(0)
    held = HeldSensor()
    for distance in (1.0, 1.5):
        held.add(wall(distance, rng), None, '32FC1')
        with pytest.raises(NotStillError, match=f'{distance:.2f} m only'):
            held.noise()
    held.add(wall(2.5, rng), None, '32FC1')
    found = held.noise()
    assert found.frames == 72
    for distance in (1.0, 1.5, 2.5):
        sigma = float(found.model.sigma(np.float32(distance)))
        assert sigma == pytest.approx(0.002 * distance, rel=0.1)


def test_another_size_is_another_sensor():
    rng = np.random.default_rng(0)
    held = HeldSensor()
    for distance in (1.0, 1.5, 2.5):
        held.add(wall(distance, rng), None, '32FC1')
    held.add([frame[:48] for frame in wall(2.0, rng)], None, '32FC1')
    with pytest.raises(NotStillError, match=r'2\.00 m only'):
        held.noise()
