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
"""
How inputs are made of truths, by name.

``cv2_bicubic`` and ``pil_bicubic`` are the two reductions of the literature, the first without
anti-aliasing; of disparity they are made in the arithmetic of 8 bits and rounded. ``area``,
``pick`` and ``valid_median`` are protocols of ``cdst-ros evaluate``. Every other name is that of a
sensor profile, or the YAML file of one: what that sensor makes of the truth, noise included.

``profile`` is for truths that the sensor that is trained for has measured itself: how its pixels
come of their footprint, without its noise and its losses. Those are in what it measured already;
on a real walk, the whole of its profile on top taught next to nothing (``docs/adaptation.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.lowering import LOWERINGS
from cdst_ros.evaluation.resampling import reduce_antialiased, reduce_known
from cdst_ros.synthetic import SensorProfile, degrade, degrading_profile
from cdst_ros.training.sources.levels import LevelMapping, rounded

_Pixel = TypeVar('_Pixel', bound=np.generic)

#: The degradation of what the sensor that is trained for has measured.
OWN = 'profile'

#: A pixel of which less than this share is known is unknown.
_LEAST_KNOWN = 0.5


class Degradation:
    """
    One way to make an input of a truth.

    :param name: of it
    :param own: the sensor that is trained for
    :raises ValueError: when there is none of this name
    """

    def __init__(self, name: str, own: SensorProfile | None = None) -> None:
        self.name = name
        self._reduce = _REDUCTIONS.get(name)
        if name == OWN and own is None:
            raise ValueError(f'degradation {OWN!r}: no sensor is trained for here')
        self._sensor = _footprint(own) if name == OWN and own is not None else None
        if self._reduce is None and self._sensor is None:
            self._sensor = degrading_profile(name, [*_REDUCTIONS, OWN])

    @property
    def wants_color(self) -> bool:
        """Whether a picture changes what it makes."""
        return self._sensor is not None and self._sensor.wants_color

    @property
    def every(self) -> int:
        """
        Return the step, in pixels of the image, at which pixels of it are the truth.

        Of what is seen by a sensor that picks pixels, every second one: that leaves one to pick in
        the middle of every block. For all else 1.
        """
        picks = self._sensor is not None and self._sensor.alignment is GridAlignment.PICKED
        return 2 if picks else 1

    def of_depth(self, rng: np.random.Generator, depth: F32, scale: int, rgb: U8 | None) -> F32:
        """
        Return the input (H / S, W / S) [m], NaN = unknown, with S = ``scale * every``.

        :param depth: (H, W) [m], NaN = unknown, multiples of S
        :param rgb: (H, W, 3), where there is a picture: dark surfaces are lost with it
        """
        if self._sensor is None:
            assert self._reduce is not None
            return self._reduce(depth, scale)
        offset = (scale - 1) * (self.every - 1)
        size = depth.shape[0] // (scale * self.every), depth.shape[1] // (scale * self.every)
        seen = _shifted(depth, offset)
        color = None if rgb is None else _shifted(rgb, offset)
        low = degrade(seen, scale * self.every, rng, self._sensor, color=color)
        assert low.shape == size
        return low

    def of_levels(
        self, rng: np.random.Generator, levels: F32, scale: int, mapping: LevelMapping
    ) -> F32:
        """
        Return the input of disparity, as depth [m]; otherwise like ``of_depth``.

        :param levels: (H, W), whole, NaN = unknown
        """
        if self.name == 'cv2_bicubic':
            return mapping.to_metres(reduce_known(levels, scale, eight_bits=True))
        if self.name == 'pil_bicubic':
            return mapping.to_metres(rounded(_antialiased(levels, scale)))
        return self.of_depth(rng, mapping.to_metres(levels), scale, None)


def _footprint(sensor: SensorProfile) -> SensorProfile:
    """Return a sensor without noise that loses nothing."""
    return replace(
        sensor,
        noise=NoiseModel(),
        edge_dropout=0.0,
        grazing_dropout=0.0,
        pixel_dropout=0.0,
        hole_share=0.0,
        returns=None,
    )


def _shifted(image: NDArray[_Pixel], offset: int) -> NDArray[_Pixel]:
    """Return an image so many pixels further up and left, its last ones repeated."""
    if not offset:
        return image
    width = [(0, offset), (0, offset), *([(0, 0)] * (image.ndim - 2))]
    return np.ascontiguousarray(np.pad(image, width, mode='edge')[offset:, offset:])


def _antialiased(image: F32, scale: int) -> F32:
    """Return ``reduce_antialiased`` of what is known."""
    known = np.isfinite(image)
    if known.all():
        return reduce_antialiased(image, scale)
    total = reduce_antialiased(np.where(known, image, np.float32(0)), scale)
    weight = reduce_antialiased(known.astype(np.float32), scale)
    with np.errstate(divide='ignore', invalid='ignore'):
        low = total / weight
    return np.where(weight >= _LEAST_KNOWN, low, np.nan).astype(np.float32)


def _antialiased_depth(depth: F32, scale: int) -> F32:
    low = _antialiased(depth, scale)
    # The kernel swings over: beside a much farther surface a depth may come out below 0.
    return np.where(low > 0, low, np.nan).astype(np.float32)


def _protocol(name: str) -> Callable[[F32, int], F32]:
    block = LOWERINGS[name].block
    assert block is not None
    return block


_REDUCTIONS: dict[str, Callable[[F32, int], F32]] = {
    'cv2_bicubic': _protocol('cubic'),
    'pil_bicubic': _antialiased_depth,
    **{name: _protocol(name) for name in ('area', 'pick', 'valid_median')},
}
