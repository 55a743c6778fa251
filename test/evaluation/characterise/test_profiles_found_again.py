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

"""What is put into a synthetic sensor is found again in its recording."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from cdst_ros.evaluation.characterise import Characteristics, Wanted, characterise
from cdst_ros.synthetic import load_profile

from .tour import RATE_HZ, tour_of

PROFILES = ('generic', 'phone_lidar', 'stereo', 'structured_light', 'tof', 'aligned')
EVERY = pytest.mark.parametrize('name', PROFILES)
SHIFT = (1.5, -1.0)
LOST = (7, 15, 16)
#: Of profiles whose optics are larger than a test has time for.
SIZES = {'generic': (320, 240), 'aligned': (480, 360)}


@cache
def found_of(name: str) -> Characteristics:
    with TemporaryDirectory() as folder:
        tour = tour_of(name, size=SIZES.get(name), color_shift=SHIFT, jitter_s=0.002, lost=LOST)
        bag = tour.write(Path(folder) / 'bag')
        return characterise(Wanted(bag, closely=10))


@EVERY
def test_noise(name: str):
    """Within 12 %, where it was seen; a phone's lateral noise counts as well."""
    profile, section = load_profile(name), found_of(name)['noise']
    rows = section.tables[0].rows
    depth, model = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
    expected = 1000 * profile.noise.sigma(depth.astype(np.float32))
    # few tiles at the ends of the range weigh little
    share = np.median(model / expected)
    if name == 'phone_lidar':
        assert 0.8 < share < 3.5
        return
    assert share == pytest.approx(1, abs=0.12)
    assert section['correlation'].value == pytest.approx(profile.noise_correlation, abs=0.15)
    assert section['persistence'].value == pytest.approx(profile.noise_persistence, abs=0.12)
    assert abs(section['lag'].value) < 0.1
    assert section['still'].value >= 16


@EVERY
def test_steps(name: str):
    profile, section = load_profile(name), found_of(name)['quantisation']
    assert section['even'].value == pytest.approx(1000 * profile.quantisation)
    if profile.triangulation is None:
        assert not section['disparity'].told
    else:
        expected = 1000 / profile.triangulation.disparity
        assert section['disparity'].value == pytest.approx(expected, rel=0.005)


@EVERY
def test_repetition(name: str):
    registration, section = load_profile(name).registration, found_of(name)['resolution']
    factor = 1 if registration is None else registration.factor
    assert section['repetition'].value == pytest.approx(factor, abs=0.2)


@EVERY
def test_mixing_and_blur(name: str):
    profile, found = load_profile(name), found_of(name)
    values = {trait.key: trait for trait in found.traits}
    if not found['edges']['spread'].told:
        assert not values['sampling'].measured
        return
    assert values['sampling'].value == ('mean' if profile.sampling.value == 'mean' else 'area')
    assert values['smoothing'].value == pytest.approx(profile.smoothing, abs=0.35)


@EVERY
def test_holes(name: str):
    """Edges lose what shadows and slants cost as well; surfaces what is single and in patches."""
    profile, section = load_profile(name), found_of(name)['holes']
    assert profile.edge_dropout * 0.6 <= section['edges'].value <= profile.edge_dropout + 0.3
    lost = profile.pixel_dropout + profile.hole_share
    assert lost * 0.5 <= section['plain'].value + 1e-4 <= lost + 0.06
    if profile.triangulation is not None:
        assert section['left'].value > 0.6
    elif section['left'].told:
        assert 0.4 < section['left'].value < 0.6


@EVERY
def test_registration_of_colour(name: str):
    """Within 0.2 px, 0.4 where contours are soft, 0.7 where windows fatten them."""
    profile, section = load_profile(name), found_of(name)['registration']
    tolerance = 0.7 if profile.triangulation else 0.4 if profile.smoothing else 0.2
    # where depth is repeated, pixels are those of its samples
    factor = 1 if profile.registration is None else profile.registration.factor
    for axis, shift in zip(('right', 'down'), SHIFT, strict=True):
        if section[axis].told:
            assert section[axis].value == pytest.approx(shift / factor, abs=tolerance)
    if not profile.triangulation:
        assert section['right'].told


@EVERY
def test_time(name: str):
    section = found_of(name)['timing']
    assert section['rate'].value == pytest.approx(RATE_HZ, rel=0.01)
    # a stamp off by 2 ms makes two steps so: 2.8 ms, of which 19 steps tell a third
    assert section['jitter'].value == pytest.approx(2.8, abs=1.2)
    assert section['loss'].value == pytest.approx(len(LOST) / 24, abs=1e-6)
    assert section['backward'].value == 0
    assert section['duplicates'].value == 0


@EVERY
def test_camera(name: str):
    profile, section = load_profile(name), found_of(name)['camera']
    assert section['faults'].value == 0
    assert section['field_of_view'].value == pytest.approx(profile.optics.field_of_view, abs=0.1)
