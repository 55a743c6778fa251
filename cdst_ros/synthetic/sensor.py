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
from enum import Enum
from statistics import NormalDist
from typing import Any, TypeVar

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.synthetic.effects.edges import beside_edges
from cdst_ros.synthetic.effects.fattening import fatten, ragged_reach
from cdst_ros.synthetic.effects.hole_filling import HoleFilling, fill_holes
from cdst_ros.synthetic.effects.lateral import displace
from cdst_ros.synthetic.effects.mixing import mix
from cdst_ros.synthetic.effects.multipath import TimeOfFlight, multipath
from cdst_ros.synthetic.effects.noise import partly_persistent, smooth_noise
from cdst_ros.synthetic.effects.registration import Registration, from_beside, register
from cdst_ros.synthetic.effects.returns import Returns, luminance, too_dark, too_shiny
from cdst_ros.synthetic.effects.sampling import Sampling, sample, sample_incidence
from cdst_ros.synthetic.effects.smoothing import smooth
from cdst_ros.synthetic.effects.triangulation import Triangulation, quantise_disparity, shadow


@dataclass(frozen=True)
class Optics:
    """
    The camera of a sensor.

    :param size: width and height of the images that it delivers [px]
    :param field_of_view: across [deg]
    :param principal_point: how far it lies right of and below the middle, as shares of the size
    """

    size: tuple[int, int] = (160, 120)
    field_of_view: float = 75.0
    principal_point: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not (min(self.size) > 0 and 0 < self.field_of_view < 180):
            raise ValueError(
                'optics need a positive size [width, height] and a field_of_view of 0 to 180 '
                f'degrees, got {self}'
            )

    def focal(self, width: int) -> float:
        """Return the focal length of an image of that width [px]."""
        return float(width / 2 / np.tan(np.deg2rad(self.field_of_view) / 2))


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
    :param noise_persistence: share of the noise's variance that stays from frame to frame
    :param lateral_noise: sigma of the way that pixels measure beside their place [LR px]
    :param lateral_correlation: sigma of the Gaussian that it is smoothed by [LR px]
    :param smoothing: sigma of the Gaussian that the driver blurs depth by, edges too [LR px]
    :param dropout_size: sigma of the Gaussian that shapes what is lost with ``returns`` [LR px]
    :param triangulation: of stereo and structured light
    :param time_of_flight: of cameras that are such
    :param returns: what becomes of dark and shiny surfaces
    :param hole_filling: of the driver
    :param registration: of the driver, to a colour camera
    :param optics: size and field of view of the real ones
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
    noise_persistence: float = 0.0
    lateral_noise: float = 0.0
    lateral_correlation: float = 0.0
    smoothing: float = 0.0
    dropout_size: float = 1.0
    triangulation: Triangulation | None = None
    time_of_flight: TimeOfFlight | None = None
    returns: Returns | None = None
    hole_filling: HoleFilling = HoleFilling.NONE
    registration: Registration | None = None
    optics: Optics = field(default_factory=Optics)

    def __post_init__(self) -> None:
        for name in ('edge_dropout', 'grazing_dropout', 'pixel_dropout', 'hole_share'):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f'sensor profile {self.name!r}: {name} is a share of 0 to below 1, '
                    f'got {getattr(self, name)}'
                )
        if not 0 <= self.noise_persistence <= 1:
            raise ValueError(
                f'sensor profile {self.name!r}: noise_persistence is a share of 0 to 1, '
                f'got {self.noise_persistence}'
            )
        for name in _NOT_NEGATIVE:
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

    @property
    def wants_color(self) -> bool:
        """Whether colour changes what it measures."""
        return self.returns is not None or self.time_of_flight is not None

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
        for key, choices in _CHOICES.items():
            if key in arguments:
                arguments[key] = _chosen(key, arguments[key], choices)
        for key, part in _PARTS.items():
            if arguments.get(key) is not None:
                arguments[key] = _part(key, arguments[key], part)
        if 'range_m' in arguments:
            near, far = arguments['range_m']
            arguments['range_m'] = (float(near), float(far))
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``from_dict`` reads, of plain types; what is left at its default is not."""
        defaults = SensorProfile(self.name)
        values = {
            key: value
            for key, value in asdict(self).items()
            if key in _ALWAYS or getattr(self, key) != getattr(defaults, key)
        }
        plain = _plain(values)
        assert isinstance(plain, dict)
        return plain


_NOT_NEGATIVE = (
    'noise_correlation', 'quantisation', 'grazing_angle', 'hole_size', 'lateral_noise',
    'lateral_correlation', 'smoothing', 'dropout_size',
)  # fmt: skip
_CHOICES: dict[str, type[Enum]] = {'sampling': Sampling, 'hole_filling': HoleFilling}
_PARTS: dict[str, type[Any]] = {
    'noise': NoiseModel,
    'triangulation': Triangulation,
    'time_of_flight': TimeOfFlight,
    'returns': Returns,
    'registration': Registration,
    'optics': Optics,
}
#: What a file of a profile always says.
_ALWAYS = ('name', 'sampling', 'noise', 'quantisation', 'range_m')


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


@dataclass(frozen=True, eq=False)
class Seen:
    """
    What falls on the pixels of a sensor, before noise and loss.

    :param depth: that its light tells, mixed and by way of other surfaces where the sensor is such
        [m], NaN = nothing there, (h, w)
    :param focal: of this image [px]
    :param size: height and width of the image that the sensor delivers
    :param incidence: cosine of the angle between ray and surface normal, (h, w)
    :param luminance: linear, 0 to 1, (h, w)
    """

    depth: F32
    focal: float
    size: tuple[int, int]
    incidence: F32 | None = None
    luminance: F32 | None = None


def degrade(
    depth_hr: F32,
    scale: int,
    rng: np.random.Generator,
    profile: SensorProfile = GENERIC,
    *,
    incidence: F32 | None = None,
    color: U8 | None = None,
    focal: float | None = None,
) -> F32:
    """
    Return what the sensor measures, (H // scale, W // scale).

    Rows and columns beyond the last whole footprint are left out, at the right and below, so that
    the grids stay aligned.

    :param depth_hr: exact depth [m], NaN = nothing there, (H, W)
    :param incidence: cosine of the angle between ray and surface normal, (H, W); without it
        nothing is lost at grazing angles
    :param color: RGB, (H, W, 3); without it nothing is lost for being dark or shiny
    :param focal: of the image delivered [px]; by default that of the profile's optics at their
        own size. Shadows, multipath and registration depend on it
    :raises ValueError: when the scale leaves no pixel
    """
    seen = look_through(depth_hr, scale, profile, incidence=incidence, color=color, focal=focal)
    return measure_seen(seen, rng, profile)


def look_through(
    depth_hr: F32,
    scale: int,
    profile: SensorProfile,
    *,
    incidence: F32 | None = None,
    color: U8 | None = None,
    focal: float | None = None,
) -> Seen:
    """
    Return what falls on the sensor's pixels; the parameters are those of ``degrade``.

    :raises ValueError: when the scale leaves no pixel
    """
    size = (depth_hr.shape[0] // scale, depth_hr.shape[1] // scale)
    focal = focal or profile.optics.focal(profile.optics.size[0])
    light = None if color is None or not profile.wants_color else luminance(color)
    if profile.registration is not None:
        factor = profile.registration.factor
        shift = focal * scale * profile.registration.baseline
        moved = from_beside(depth_hr, shift, incidence, light)
        whole = [None if image is None else _padded(image, scale * factor) for image in moved]
        assert whole[0] is not None
        depth_hr, incidence, light = whole[0], whole[1], whole[2]
        scale, focal = scale * factor, focal / factor
    if profile.time_of_flight is None:
        depth = sample(depth_hr, scale, profile.sampling)
    else:
        depth = mix(depth_hr, scale, incidence, light)
        if profile.time_of_flight.reflectance > 0:
            depth += multipath(depth, focal, profile.time_of_flight)
    return Seen(
        depth,
        focal,
        size,
        None if incidence is None else sample_incidence(incidence, scale, profile.sampling),
        None if light is None else _sample_light(light, scale),
    )


def measure_seen(
    seen: Seen, rng: np.random.Generator, profile: SensorProfile, pattern: F32 | None = None
) -> F32:
    """
    Return what the sensor delivers of what it has seen, of ``seen.size``.

    :param pattern: see ``measure``
    """
    out = measure(
        seen.depth,
        rng,
        profile,
        incidence=seen.incidence,
        light=seen.luminance,
        focal=seen.focal,
        pattern=pattern,
    )
    if profile.registration is None:
        return out
    factor = profile.registration.factor
    shift = seen.focal * factor * profile.registration.baseline
    return register(out, factor, shift, seen.size)


def measure(
    depth: F32,
    rng: np.random.Generator,
    profile: SensorProfile,
    *,
    incidence: F32 | None = None,
    light: F32 | None = None,
    focal: float | None = None,
    pattern: F32 | None = None,
) -> F32:
    """
    Return low-resolution depth with the profile's distortions, noise, quantisation and losses.

    :param depth: [m], NaN = nothing there, (h, w)
    :param incidence: cosine of the angle between ray and surface normal, (h, w)
    :param light: linear luminance of what is seen, 0 to 1, (h, w)
    :param focal: of this image [px]; None: of the profile's optics
    :param pattern: the noise that stays, of standard deviation 1, (h, w); drawn when None
    """
    focal = focal or profile.optics.focal(profile.optics.size[0])
    distorted = _distorted(depth, rng, profile)
    noise = smooth_noise(rng, depth.shape, profile.noise_correlation)
    if profile.noise_persistence > 0:
        if pattern is None:
            pattern = noise_pattern(rng, depth.shape, profile)
        noise = partly_persistent(noise, pattern, profile.noise_persistence)
    out: F32 = distorted + profile.noise.sigma(distorted) * noise
    if profile.triangulation is not None:
        out = quantise_disparity(out, profile.triangulation.disparity)
    if profile.quantisation > 0:
        step = np.float32(profile.quantisation)
        np.multiply(np.rint(out / step), step, out=out)
    near, far = profile.range_m
    with np.errstate(invalid='ignore'):
        lost = ~((out > 0) & (out >= near) & (out <= far))
    lost |= _dropouts(distorted, rng, profile, incidence)
    if profile.triangulation is not None and profile.triangulation.shadow:
        hidden = shadow(depth, focal * profile.triangulation.baseline)
        # what the foreground has covered is matched with the foreground
        lost |= hidden & (distorted >= depth)
    if profile.returns is not None and light is not None:
        lost |= _lost_for_light(light, incidence, rng, profile)
    out[lost] = np.nan
    return fill_holes(out, profile.hole_filling)


def noise_pattern(rng: np.random.Generator, shape: tuple[int, ...], profile: SensorProfile) -> F32:
    """Return the part of the noise that stays between frames, of standard deviation 1, (h, w)."""
    return smooth_noise(rng, shape, profile.noise_correlation)


def _distorted(depth: F32, rng: np.random.Generator, profile: SensorProfile) -> F32:
    """Return depth where it is measured wrongly, though without noise, (h, w)."""
    out = depth
    if profile.triangulation is not None and profile.triangulation.window > 1:
        window, ragged = profile.triangulation.window, profile.triangulation.ragged
        out = fatten(out, ragged_reach(rng, out.shape, window, ragged))
    if profile.lateral_noise > 0:
        moved = displace(out, rng, profile.lateral_noise, profile.lateral_correlation)
        # what is not there is not measured, whatever lies beside it
        out = np.where(np.isfinite(depth), moved, depth)
    return smooth(out, profile.smoothing) if profile.smoothing > 0 else out


def _lost_for_light(
    light: F32, incidence: F32 | None, rng: np.random.Generator, profile: SensorProfile
) -> Bool:
    """Return the pixels that are lost, in patches, to returning too little or too much light."""
    assert profile.returns is not None
    returns, field_ = profile.returns, smooth_noise(rng, light.shape, profile.dropout_size)
    lost = np.zeros(light.shape, dtype=bool)
    for wanted, chance in (
        (too_dark(light, incidence, returns.dark), returns.dark_dropout),
        (too_shiny(light, incidence, returns.shiny), returns.shiny_dropout),
    ):
        if chance > 0:
            lost |= wanted & (field_ > NormalDist().inv_cdf(1 - chance))
    return lost


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


def _padded(image: F32, multiple: int) -> F32:
    """Return an image whose size is a whole multiple, its last pixels repeated."""
    down, across = (-size % multiple for size in image.shape)
    return np.asarray(cv2.copyMakeBorder(image, 0, down, 0, across, cv2.BORDER_REPLICATE))


def _sample_light(light: F32, scale: int) -> F32:
    """Return the mean light of each footprint, NaN only where there is none, (h, w)."""
    h, w = light.shape[0] // scale, light.shape[1] // scale
    footprints = light[: h * scale, : w * scale].reshape(h, scale, w, scale)
    count = np.isfinite(footprints).sum(axis=(1, 3))
    total = np.nansum(footprints, axis=(1, 3), dtype=np.float32)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


Part = TypeVar('Part')


def _part(key: str, values: object, part: type[Part]) -> Part:
    """Return a part of a profile from the mapping that a file holds."""
    if not isinstance(values, Mapping):
        raise ValueError(f'sensor profile: {key} must be a mapping, got {values!r}')
    names = [f.name for f in fields(part)]  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise ValueError(
            f'sensor profile: {key} has unknown {", ".join(unknown)}: it may have '
            f'{", ".join(names)}'
        )
    try:
        return part(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    except TypeError as error:
        raise ValueError(f'sensor profile: {key}: {error}') from None


def _chosen(key: str, value: object, choices: type[Enum]) -> Enum:
    try:
        return choices(value)
    except ValueError:
        names = ', '.join(str(choice.value) for choice in choices)
        raise ValueError(f'{key} must be one of {names}, got {value!r}') from None


def _plain(value: object) -> object:
    """Return a value as YAML and JSON know it."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value
