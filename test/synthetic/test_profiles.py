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
"""Profiles that ship measure as they say, in real sizes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.depth.repetition import detect_repetition
from cdst_ros.synthetic.camera import SyntheticCamera
from cdst_ros.synthetic.profiles import lasting_name, load_profile, profile_names
from cdst_ros.synthetic.sensor import (
    GENERIC,
    IDEAL,
    Optics,
    SensorProfile,
    degrade,
    look_through,
    measure,
    measure_seen,
)

from .effects.scenery import corner, panel, rng

SHIPPED = ('aligned', 'phone_lidar', 'stereo', 'structured_light', 'tof')
#: Of a flexx2, a phone, an Azure Kinect in both narrow modes and a D400 camera.
REAL_SIZES = ((224, 172), (256, 192), (320, 288), (424, 240), (640, 576))
EVERY = pytest.mark.parametrize('name', SHIPPED)


def test_the_profiles_are_those() -> None:
    assert profile_names() == ['generic', 'ideal', *SHIPPED]
    assert load_profile('generic') is GENERIC
    assert load_profile('ideal') is IDEAL


@EVERY
def test_a_profile_has_its_name_and_survives_a_file(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert SensorProfile.from_dict(profile.to_dict()) == profile


@EVERY
def test_files_say_what_is_source_and_what_is_choice(name: str) -> None:
    path = Path(__file__).parents[2] / 'cdst_ros' / 'config' / 'sensors' / f'{name}.yaml'
    comment = [line for line in path.read_text().splitlines() if line.startswith('#')]
    assert len(comment) > 5


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / 'mine.yaml').write_text('{name: mine, sampling: pick, noise: {constant: 0.01}}')
    assert load_profile(tmp_path / 'mine.yaml').noise == NoiseModel(0.01)


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('[1, 2]', 'must map names'),
        ('{name: a, window: 3}', 'unknown window'),
        ('{name: a, triangulation: {width: 3}}', 'triangulation has unknown width'),
        ('{name: a, triangulation: {baseline: 0.1}}', 'triangulation'),
        ('{name: a, returns: 3}', 'returns must be a mapping'),
        ('{name: a, hole_filling: right}', 'none, left, farthest, nearest'),
        ('{name: a, noise_persistence: 2}', 'noise_persistence is a share'),
        ('{name: a, optics: {size: [0, 3]}}', 'positive size'),
        ('{name: a, smoothing: -1}', 'smoothing must be 0 or more'),
        ('{name: a', 'cannot be read'),
    ],
)
def test_faults_of_a_file_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    with pytest.raises(ValueError, match=said) as fault:
        load_profile(path)
    assert 'mine.yaml' in str(fault.value)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match='generic, ideal, aligned, phone_lidar'):
        load_profile('kinect9')


@EVERY
def test_noise_has_the_stated_sigma(name: str) -> None:
    """On a wall, within the resolution of the steps of disparity."""
    profile = replace(
        load_profile(name), edge_dropout=0.0, pixel_dropout=0.0, hole_share=0.0, registration=None
    )
    for z in (1.0, 2.5):
        wall = np.full((200, 200), z, np.float32)
        errors = np.stack([measure(wall, rng(k), profile) - z for k in range(4)])
        step = z**2 / profile.triangulation.disparity if profile.triangulation else 0.0
        rounding = np.hypot(max(step, profile.quantisation), 0) / np.sqrt(12)
        expected = np.hypot(profile.noise.sigma(np.float32(z)), rounding)
        assert np.nanstd(errors) == pytest.approx(expected, rel=0.08)
        assert abs(np.nanmean(errors)) < 0.15 * expected + step / 10


@EVERY
def test_the_same_generator_gives_the_same_image(name: str) -> None:
    profile = load_profile(name)
    color = rng().integers(0, 255, (60, 60, 3)).astype(np.uint8)
    cosine = np.full((60, 60), 0.9, np.float32)
    once, again, other = (
        degrade(panel(), 2, rng(seed), profile, incidence=cosine, color=color)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other, equal_nan=True)


@EVERY
def test_the_unknown_stays_unknown(name: str) -> None:
    profile = replace(load_profile(name), hole_filling=IDEAL.hole_filling, registration=None)
    depth = panel()
    depth[:20, :24] = np.nan
    out = degrade(depth, 2, rng(), profile)
    assert np.isnan(out[:10, :12]).all()
    assert np.isfinite(out).mean() > 0.5


@EVERY
@pytest.mark.parametrize('size', [*REAL_SIZES, (423, 239)])
def test_real_sizes_are_delivered(name: str, size: tuple[int, int]) -> None:
    width, height = size
    profile = load_profile(name)
    frame = SyntheticCamera(5, width, height, profile=profile, frames=1, scale=1).frame(0)
    assert frame.depth.shape == (height, width)
    assert frame.depth.dtype == np.float32
    assert frame.depth.flags.c_contiguous
    assert frame.camera.matches(width, height)
    assert np.isfinite(frame.depth).mean() > 0.6
    near, far = profile.range_m
    assert np.nanmin(frame.depth) >= near - 1e-3
    assert np.nanmax(frame.depth) <= far + 1e-3
    error = np.abs(frame.depth - frame.truth())
    assert np.nanmedian(error / frame.truth()) < 0.03


def test_optics_are_those_of_the_profile() -> None:
    camera = SyntheticCamera(1, 424, 240, profile=load_profile('stereo'), frames=1).camera
    fx, fy, cx, cy = camera.intrinsics()
    assert fx == fy == pytest.approx(223.4, abs=0.5)
    assert (cx, cy) == pytest.approx((211.5 - 0.006 * 424, 119.5 + 0.009 * 240))
    assert Optics((640, 480), 90.0).focal(640) == pytest.approx(320)


def test_stereo_fattens_and_lies_on_its_grid() -> None:
    stereo = replace(
        load_profile('stereo'), noise=NoiseModel(), quantisation=0.0, edge_dropout=0.0,
        hole_share=0.0,
    )  # fmt: skip
    depth = panel(1.0, 3.0, 240, 60)
    out = degrade(depth, 2, rng(), stereo)
    steps = stereo.triangulation.disparity / out[np.isfinite(out)]
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    front = np.nan_to_num(out, nan=9.0) < 2
    assert np.all(front[30:90, 30:90])
    assert front.sum() > 60**2 + 4 * 60
    assert not front[:27].any()
    # the shadow is on the left, beyond what is fattened
    assert front[40:80, 29].all()
    assert np.isnan(out[40:80, 20:30]).mean() > 0.3
    assert np.isfinite(out[40:80, 90:]).all()


def test_time_of_flight_flies_and_rounds_corners() -> None:
    tof = replace(
        load_profile('tof'), noise=NoiseModel(), edge_dropout=0.0, pixel_dropout=0.0,
        grazing_dropout=0.0,
    )  # fmt: skip
    split = panel(1.0, 3.0, 122, 30)
    out = degrade(split, 4, rng(), tof)
    assert np.count_nonzero((out > 1.2) & (out < 2.8)) > 20
    walls = corner(192, 160.0)
    bias = degrade(walls, 2, rng(), tof, focal=80.0) - walls[::2, ::2]
    assert np.nanmean(bias[:, 46:50]) > 0.005
    assert np.nanmean(bias[:, 46:50]) > 2 * np.nanmean(bias[:, :5])


def test_dark_and_shiny_surfaces_lose_their_share() -> None:
    profile = replace(load_profile('tof'), edge_dropout=0.0, pixel_dropout=0.0)
    wall = np.full((240, 240), 2.0, np.float32)
    color = np.full((240, 240, 3), 128, np.uint8)
    color[:80], color[160:] = 5, 255
    cosine = np.ones((240, 240), np.float32)
    lost = np.isnan(degrade(wall, 2, rng(), profile, incidence=cosine, color=color))
    assert lost[:40].mean() == pytest.approx(0.8, abs=0.06)
    assert not lost[40:80].any()
    assert lost[80:].mean() == pytest.approx(0.5, abs=0.1)
    assert not np.isnan(degrade(wall, 2, rng(), profile, incidence=cosine)).any()


def test_aligned_depth_is_repeated_and_the_others_are_not() -> None:
    for name in SHIPPED:
        profile = load_profile(name)
        width, height = profile.optics.size
        frame = SyntheticCamera(5, width, height, profile=profile, frames=1, scale=1).frame(0)
        found = detect_repetition(frame.depth)
        if name == 'aligned':
            assert found == pytest.approx(2, abs=0.35)
        else:
            assert found == 1.0, name


def test_part_of_the_noise_stays_between_frames() -> None:
    profile = SensorProfile('still', noise=NoiseModel(0.01), noise_persistence=0.6)
    camera = SyntheticCamera(2, 80, 60, profile=profile, frames=2, scale=2, color=False)
    exact = SyntheticCamera(2, 80, 60, profile=IDEAL, frames=2, scale=2, color=False)
    first, second = (camera.frame(k).depth - exact.frame(k).depth for k in (0, 2))
    both = np.isfinite(first) & np.isfinite(second)
    assert np.corrcoef(first[both], second[both])[0, 1] == pytest.approx(0.6, abs=0.05)


def test_what_is_seen_can_be_measured_again() -> None:
    profile = load_profile('aligned')
    seen = look_through(panel(), 2, profile, focal=100.0)
    assert seen.size == (30, 30)
    assert seen.depth.shape == (15, 15)
    np.testing.assert_array_equal(
        measure_seen(seen, rng(), profile), degrade(panel(), 2, rng(), profile, focal=100.0)
    )


def test_a_name_lasts_and_a_file_is_named_by_its_whole_path(tmp_path, monkeypatch):
    (tmp_path / 'mine.yaml').write_text('name: mine\n')
    monkeypatch.chdir(tmp_path)
    assert lasting_name('') == ''
    assert lasting_name('tof') == 'tof'
    assert lasting_name('mine.yaml') == str(tmp_path / 'mine.yaml')
    with pytest.raises(ValueError, match='no sensor profile'):
        lasting_name('other.yaml')
