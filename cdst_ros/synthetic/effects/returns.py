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
"""Surfaces that send back too little light, or too much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool


@dataclass(frozen=True)
class Returns:
    """
    What becomes of dark and of shiny surfaces; only where colour is known.

    The colour image stands for what the sensor's own light would show, which is infrared: which
    surfaces are dark is our choice as much as the renderer's.

    :param dark: pixels that return less light than this, of 0 to 1, ...
    :param dark_dropout: ... are lost with this probability
    :param shiny: pixels brighter than this, seen straight on, are highlights, that ...
    :param shiny_dropout: ... are lost with this probability
    """

    dark: float = 0.0
    dark_dropout: float = 0.0
    shiny: float = 1.0
    shiny_dropout: float = 0.0

    def __post_init__(self) -> None:
        for chance in (self.dark_dropout, self.shiny_dropout):
            if not 0 <= chance < 1:
                raise ValueError(f'dropouts are shares of 0 to below 1, got {self}')


def luminance(color: U8) -> F32:
    """Return linear luminance, 0 to 1, of RGB with gamma 2 as scenes are shaded (Rec. 709)."""
    linear = np.square(color.astype(np.float32) / 255)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32))


def too_dark(light: F32, incidence: F32 | None, limit: float) -> Bool:
    """
    Return the pixels whose light back to the camera is less than ``limit``, (h, w).

    A Lambertian surface returns its luminance times the cosine of incidence. Too little light
    leaves no phase and no pattern to match: Toelgyessy et al. (Sensors 2021, 21, 413) saw an
    Azure Kinect lose dark surfaces, as all active cameras do.
    """
    returned = light if incidence is None else light * np.nan_to_num(incidence)
    return np.asarray(returned < limit)


def too_shiny(light: F32, incidence: F32 | None, limit: float) -> Bool:
    """
    Return the pixels brighter than ``limit`` that face the camera within 30 degrees, (h, w).

    A mirror-like surface that faces the camera returns its light at once and saturates the
    pixel; which surfaces are mirror-like is not modelled: highlights stand for them, by our
    choice.
    """
    bright = light > limit
    if incidence is not None:
        with np.errstate(invalid='ignore'):
            bright &= incidence > np.float32(np.cos(np.radians(30)))
    return np.asarray(bright)
