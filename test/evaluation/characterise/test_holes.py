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

from cdst_ros.evaluation.characterise.holes import HoleMeter, luminance_of
from cdst_ros.evaluation.characterise.pinhole import Pinhole

SHAPE = (240, 320)
PINHOLE = Pinhole(260.0, 260.0, 159.5, 119.5, known=True)


def wall(angle: float, distance: float = 2.0) -> np.ndarray:
    """Return a wall whose normal is turned away by an angle [deg], straight ahead."""
    x, _ = PINHOLE.rays(SHAPE)
    inverse = np.cos(np.deg2rad(angle)) + np.sin(np.deg2rad(angle)) * x
    inverse = np.where(inverse > 0.02, inverse, np.nan) / distance
    return np.broadcast_to(1 / inverse, SHAPE).astype(np.float32).copy()


def drop(depth: np.ndarray, where: np.ndarray, chance: float, seed: int = 0) -> np.ndarray:
    out = depth.copy()
    out[where & (np.random.default_rng(seed).random(depth.shape) < chance)] = np.nan
    return out


def test_single_losses_are_counted():
    meter = HoleMeter()
    for seed in range(4):
        meter.add(drop(wall(0), np.ones(SHAPE, bool), 0.02, seed), PINHOLE)
    section = meter.section()
    assert section['all'].value == pytest.approx(0.02, abs=0.002)
    assert section['plain'].value == pytest.approx(0.02, abs=0.002)
    assert section['single'].value == pytest.approx(0.02, abs=0.002)
    assert not section['grazing'].told


def test_losses_beside_edges_are_told_apart():
    depth = wall(0, 3.0)
    depth[60:180, 100:220] = 1.5
    beside = np.zeros(SHAPE, bool)
    for line in (99, 100, 219, 220):
        beside[60:180, line] = True
    for line in (59, 60, 179, 180):
        beside[line, 100:220] = True
    meter = HoleMeter()
    for seed in range(8):
        meter.add(drop(depth, beside, 0.3, seed), PINHOLE)
    section = meter.section()
    assert section['edges'].value == pytest.approx(0.3, abs=0.08)
    assert section['plain'].value < 0.005
    assert section['left'].value == pytest.approx(0.5, abs=0.1)


def test_a_shadow_lies_on_its_side():
    depth = wall(0, 3.0)
    depth[60:180, 100:220] = 1.5
    depth[60:180, 92:100] = np.nan
    meter = HoleMeter()
    meter.add(depth, PINHOLE)
    assert meter.section()['left'].value > 0.9


def test_the_slant_from_which_on_surfaces_are_lost_is_found():
    meter = HoleMeter()
    for angle in range(0, 86, 5):
        depth = wall(angle)
        x, y = (np.broadcast_to(ray, SHAPE) for ray in PINHOLE.rays(SHAPE))
        turn = np.deg2rad(angle)
        facing = (np.cos(turn) + np.sin(turn) * x) / np.sqrt(1 + x**2 + y**2)
        meter.add(drop(depth, facing < np.cos(np.deg2rad(70)), 0.4, angle), PINHOLE)
    found = meter.grazing()
    assert found is not None
    assert found.angle == pytest.approx(70, abs=5)
    assert found.share == pytest.approx(0.4, abs=0.12)


def test_dark_losses_are_found_in_colour():
    color = np.full((*SHAPE, 3), 200, np.uint8)
    color[:, :80] = 25  # a luminance of 0.0096
    meter = HoleMeter()
    for seed in range(3):
        depth = drop(wall(0), color[..., 0] < 100, 0.5, seed)
        meter.add(depth, PINHOLE, luminance_of(color, SHAPE))
    dark = meter.section()['dark']
    assert dark.value == pytest.approx(0.01)
    assert dark.note.startswith(('49', '50', '51'))


def test_what_is_far_from_any_surface_has_no_reason():
    depth = wall(0)
    depth[:, 160:] = np.nan
    meter = HoleMeter()
    meter.add(depth, PINHOLE)
    assert meter.section()['unattributed'].value == pytest.approx(0.5, abs=0.02)


def test_nothing_known_tells_nothing():
    meter = HoleMeter()
    meter.add(np.full(SHAPE, np.nan, np.float32), PINHOLE)
    section = meter.section()
    assert section['all'].value == 1
    assert not section['edges'].told
    assert not section['dark'].told
