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
"""What a low-resolution depth sensor makes of exact high-resolution depth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from statistics import NormalDist
from typing import Any

import numpy as np

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.synthetic.effects.edges import beside_edges
from cdst_ros.synthetic.effects.noise import smooth_noise
from cdst_ros.synthetic.effects.sampling import Sampling, sample, sample_incidence


@dataclass(frozen=True)
class SensorProfile:
    """
    A depth sensor.

    :param name: such as ``generic``
    :param sampling: how a pixel comes of its footprint
    :param noise: sigma(z), Gaussian
    :param noise_correlation: sigma of the Gaussian that the noise is smoothed by [LR px]; the
        noise keeps its standard deviation
    :param quantisation: step of the depth it delivers [m], 0 for none
    :param edge_dropout: probability that a pixel beside a depth discontinuity is lost
    :param grazing_angle: surfaces seen at more than this angle to their normal [deg] ...
    :param grazing_dropout: ... are lost with this probability a pixel
    :param pixel_dropout: probability that any pixel is lost
    :param hole_share: share of the image lost in blobs
    :param hole_size: sigma of the Gaussian that shapes the blobs [LR px]
    :param range_m: nearest and farthest depth that it delivers [m]
    """

    name: str
    sampling: Sampling = Sampling.AREA
    noise: NoiseModel = field(default_factory=NoiseModel)
    noise_correlation: float = 0.0
    quantisation: float = 0.0
    edge_dropout: float = 0.0
    grazing_angle: float = 90.0
    grazing_dropout: float = 0.0
    pixel_dropout: float = 0.0
    hole_share: float = 0.0
    hole_size: float = 1.5
    range_m: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        for name in ('edge_dropout', 'grazing_dropout', 'pixel_dropout', 'hole_share'):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f'sensor profile {self.name!r}: {name} is a share of 0 to below 1, '
                    f'got {getattr(self, name)}'
                )
        for name in ('noise_correlation', 'quantisation', 'grazing_angle', 'hole_size'):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    f'sensor profile {self.name!r}: {name} must be 0 or more, '
                    f'got {getattr(self, name)}'
                )
        near, far = self.range_m
        if not 0 <= near < far:
            raise ValueError(
                f'sensor profile {self.name!r}: range_m must be [nearest, farthest] in metres, '
                f'got {self.range_m}'
            )

    @property
    def alignment(self) -> GridAlignment:
        """How the high-resolution grid lies on this sensor's."""
        return self.sampling.alignment

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SensorProfile:
        """
        Return the profile that a YAML file describes, by the names of the parameters.

        :raises ValueError: naming the keys that are unknown, or the value that is not allowed
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown or 'name' not in values:
            fault = f'unknown {", ".join(unknown)}' if unknown else 'no name'
            raise ValueError(f'sensor profile has {fault}: it may have {", ".join(sorted(known))}')
        arguments = dict(values)
        if 'sampling' in arguments:
            arguments['sampling'] = _sampling(arguments['sampling'])
        if 'noise' in arguments:
            arguments['noise'] = NoiseModel(**arguments['noise'])
        if 'range_m' in arguments:
            near, far = arguments['range_m']
            arguments['range_m'] = (float(near), float(far))
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``from_dict`` reads, of plain types."""
        values = asdict(self)
        values['sampling'] = self.sampling.value
        values['range_m'] = list(self.range_m)
        return values


#: A mild time-of-flight camera. The noise is our choice between published ones: 2 mm + 0.1 % of z
#: is 3 mm at 1 m and 7 mm at 5 m. Toelgyessy et al. (Sensors 2021, 21, 413) measured an Azure
#: Kinect within its specified sigma of 17 mm up to 3.5 m, and saw flying and lost pixels at edges;
#: Khoshelham and Elberink (Sensors 2012, 12, 1437) give a structured-light Kinect 1.4 mm z^2,
#: 4 cm at 5 m. Its pixels integrate light over their footprint, so they mix surfaces at edges,
#: which is also what tells where within a pixel an edge runs. The dropouts and the correlation are
#: our choice, without a source.
GENERIC = SensorProfile(
    name='generic',
    sampling=Sampling.MEAN,
    noise=NoiseModel(constant=0.002, linear=0.001),
    noise_correlation=0.4,
    quantisation=0.001,
    edge_dropout=0.05,
    grazing_angle=80.0,
    grazing_dropout=0.5,
    pixel_dropout=0.002,
    hole_share=0.004,
    hole_size=1.2,
    range_m=(0.1, 10.0),
)

#: A sensor without any fault but its resolution.
IDEAL = SensorProfile(name='ideal')


def degrade(
    depth_hr: F32,
    scale: int,
    rng: np.random.Generator,
    profile: SensorProfile = GENERIC,
    *,
    incidence: F32 | None = None,
) -> F32:
    """
    Return what the sensor measures, (H // scale, W // scale).

    Rows and columns beyond the last whole footprint are left out, at the right and below, so that
    the grids stay aligned.

    :param depth_hr: exact depth [m], NaN = nothing there, (H, W)
    :param incidence: cosine of the angle between ray and surface normal, (H, W); without it
        nothing is lost at grazing angles
    :raises ValueError: when the scale leaves no pixel
    """
    sampled = sample(depth_hr, scale, profile.sampling)
    angles = None if incidence is None else sample_incidence(incidence, scale, profile.sampling)
    return measure(sampled, rng, profile, incidence=angles)


def measure(
    depth: F32,
    rng: np.random.Generator,
    profile: SensorProfile,
    *,
    incidence: F32 | None = None,
) -> F32:
    """
    Return low-resolution depth with the profile's noise, quantisation and losses.

    :param depth: [m], NaN = nothing there, (h, w)
    :param incidence: cosine of the angle between ray and surface normal, (h, w)
    """
    noise = smooth_noise(rng, depth.shape, profile.noise_correlation)
    out: F32 = depth + profile.noise.sigma(depth) * noise
    if profile.quantisation > 0:
        step = np.float32(profile.quantisation)
        np.multiply(np.rint(out / step), step, out=out)
    near, far = profile.range_m
    with np.errstate(invalid='ignore'):
        lost = ~((out > 0) & (out >= near) & (out <= far))
    lost |= _dropouts(depth, rng, profile, incidence)
    out[lost] = np.nan
    return out


def _dropouts(
    depth: F32, rng: np.random.Generator, profile: SensorProfile, incidence: F32 | None
) -> Bool:
    """Return the pixels that are lost to edges, angles and chance, (h, w)."""
    chance = np.full(depth.shape, profile.pixel_dropout, dtype=np.float32)
    if profile.edge_dropout > 0:
        chance[beside_edges(depth)] = profile.edge_dropout
    if profile.grazing_dropout > 0 and incidence is not None:
        limit = math.cos(math.radians(profile.grazing_angle))
        with np.errstate(invalid='ignore'):
            grazing = incidence < limit
        chance[grazing] = np.maximum(chance[grazing], profile.grazing_dropout)
    lost = rng.random(depth.shape, dtype=np.float32) < chance
    if profile.hole_share > 0:
        blobs = smooth_noise(rng, depth.shape, profile.hole_size)
        lost |= blobs > NormalDist().inv_cdf(1 - profile.hole_share)
    return lost


def _sampling(value: object) -> Sampling:
    try:
        return Sampling(value)
    except ValueError:
        names = ', '.join(s.value for s in Sampling)
        raise ValueError(f'sampling must be one of {names}, got {value!r}') from None
