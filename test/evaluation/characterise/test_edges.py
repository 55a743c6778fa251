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

from cdst_ros.evaluation.characterise.edges import EdgeMeter
from cdst_ros.evaluation.characterise.figure import Figure, untold
from cdst_ros.evaluation.characterise.resolution import resolution
from cdst_ros.synthetic import Sampling, degrade
from cdst_ros.synthetic.sensor import SensorProfile

SCALE = 8


def slanted_edge(angle: float, size: int = 800) -> np.ndarray:
    v, u = np.mgrid[:size, :size]
    near = (u - size / 2) - np.tan(np.deg2rad(angle)) * (v - size / 2) < 0
    return np.where(near, 1.5, 2.5).astype(np.float32)


def meter_of(sampling: Sampling, smoothing: float = 0.0, noise: float = 0.0) -> EdgeMeter:
    profile = SensorProfile('edge', sampling=sampling, smoothing=smoothing)
    rng, meter = np.random.default_rng(0), EdgeMeter()
    for angle in (6, 14, 25, 38):
        low = degrade(slanted_edge(angle), SCALE, rng, profile)
        low = low + noise * rng.standard_normal(low.shape).astype(np.float32)
        meter.add(low)
        meter.add(np.ascontiguousarray(low.T))
    return meter


def rise_of(blur: float, mixes: bool) -> float:
    """The rise of a pixel's width and a Gaussian, sampled as cv2 samples it, across the rows."""
    at = np.linspace(-8, 8, 16001)
    spread = np.exp(-(at**2) / 2 / max(blur, 0.01) ** 2)
    if mixes:
        spread = np.convolve(spread, np.abs(at) <= 0.5, mode='same')
    edge = np.cumsum(spread) / spread.sum()
    return float(at[np.searchsorted(edge, 0.9)] - at[np.searchsorted(edge, 0.1)])


@pytest.mark.parametrize(('smoothing', 'tolerance'), [(0.0, 0.12), (0.8, 0.12), (1.2, 0.1)])
def test_edge_spread_is_that_put_in(smoothing: float, tolerance: float):
    spread = meter_of(Sampling.MEAN, smoothing, noise=0.004).spread()
    expected = rise_of(smoothing, mixes=True)
    assert spread.value == pytest.approx(expected, abs=tolerance)
    assert spread.evidence >= 12
    assert spread.low <= spread.value <= spread.high


def test_a_sensor_that_does_not_mix_is_as_sharp_as_can_be_told():
    meter = meter_of(Sampling.AREA, noise=0.004)
    assert meter.spread().value < 0.4
    assert 'as sharp' in meter.spread().note
    assert meter.flying().value < 0.02


def test_pixels_that_mix_fly():
    # within 1.5 px of an edge a third of the pixels see it, most of both surfaces
    assert 0.15 < meter_of(Sampling.MEAN).flying().value < 0.4


def test_without_edges_nothing_is_told():
    meter = EdgeMeter()
    meter.add(np.full((60, 80), 2, np.float32))
    meter.add(np.full((6, 8), np.nan, np.float32))
    section = meter.section()
    assert not section['spread'].told
    assert '0 straight' in section['spread'].note
    assert not section['flying'].told
    assert meter.profile() is None


def test_edges_along_the_pixels_tell_nothing():
    depth = np.full((100, 100), 2.5, np.float32)
    depth[:, :50] = 1.5
    meter = EdgeMeter()
    meter.add(depth)
    assert len(meter) == 0


def test_resolution_is_what_repetition_and_blur_leave():
    once = Figure('repetition', '', 1.0, '', 9, 'frames')
    twice = Figure('repetition', '', 2.0, '', 9, 'frames')
    sharp = Figure('spread', '', 0.8, 'px', 20, 'edges', 0.7, 0.9)
    blurred = Figure('spread', '', 1.92, 'px', 20, 'edges', 1.8, 2.1)
    assert resolution((640, 480), once, sharp)['effective'].value == 1.0
    assert resolution((640, 480), twice, sharp)['effective_width'].value == 320
    both = resolution((640, 480), twice, blurred)
    assert both['effective'].value == pytest.approx(0.25, abs=0.001)
    assert both['effective'].low < 0.25 < both['effective'].high
    assert not resolution((640, 480), once, untold('spread', '', 'no edges'))['effective'].told
