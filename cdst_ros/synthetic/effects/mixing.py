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
"""Flying pixels: what a pixel measures whose light comes from two surfaces."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32


def mix(depth: F32, scale: int, incidence: F32 | None = None, luminance: F32 | None = None) -> F32:
    """
    Return the depth of each footprint, weighted by the light it sends back, (H // s, W // s).

    A time-of-flight pixel adds the light of all that it sees, so at a contour it measures between
    the surfaces, nearer to the brighter one (mixed pixels: Godbaz, Cree and Dorrington, "Mixed
    pixel return separation for a full-field ranger", IVCNZ 2008). Light falls off with the square
    of distance and with the angle of a Lambertian surface. Depths are averaged where the sensor
    adds phasors, which is the same while surfaces are much closer to each other than a wavelength.
    A footprint of which less than half is known is unknown.

    :param depth: [m], NaN = nothing there, (H, W)
    :param incidence: cosine of the angle to the normal, (H, W)
    :param luminance: 0 to 1, linear, (H, W)
    """
    light: F32 = np.float32(1) / np.square(depth)
    for factor in (incidence, luminance):
        if factor is not None:
            # nothing is quite black
            light = light * np.maximum(factor, np.float32(0.02))
    h, w = depth.shape[0] // scale, depth.shape[1] // scale
    known = np.isfinite(light)
    weight = np.where(known, light, 0)
    footprints = (h, scale, w, scale)
    inside = np.s_[: h * scale, : w * scale]
    total = weight[inside].reshape(footprints).sum(axis=(1, 3))
    moment = (weight * np.where(known, depth, 0))[inside].reshape(footprints).sum(axis=(1, 3))
    count = known[inside].reshape(footprints).sum(axis=(1, 3))
    with np.errstate(invalid='ignore', divide='ignore'):
        out = moment / total
    out[2 * count < scale**2] = np.nan
    return np.asarray(out, dtype=np.float32)
