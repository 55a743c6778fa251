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
"""Lateral noise: contours that lie a little beside their place."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.synthetic.effects.noise import smooth_noise


def displace(depth: F32, rng: np.random.Generator, sigma: float, correlation: float) -> F32:
    """
    Return depth that each pixel measured a random way beside its place, to the nearest pixel.

    Nguyen, Izadi and Lovell ("Modeling Kinect Sensor Noise", 3DIMPVT 2012) found contours of a
    Kinect scattered by 0.8 px and more; simulating it by shifted samples is Barron and Malik's
    (CVPR 2013), used for ICL-NUIM (Handa et al., ICRA 2014). No depth is made that was not there.

    :param depth: [m], NaN = unknown, displaced with the rest, (h, w)
    :param sigma: of the displacement, along rows and along columns [px]
    :param correlation: sigma of the Gaussian that displacements are smoothed by [px]
    """
    v, u = np.indices(depth.shape)
    shift_v, shift_u = (sigma * smooth_noise(rng, depth.shape, correlation) for _ in range(2))
    rows = np.clip(np.rint(v + shift_v), 0, depth.shape[0] - 1).astype(np.int64)
    columns = np.clip(np.rint(u + shift_u), 0, depth.shape[1] - 1).astype(np.int64)
    return np.asarray(depth[rows, columns])
