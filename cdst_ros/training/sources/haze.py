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
Pictures as they look through haze or smoke: the farther a thing, the more it looks like the air.

Koschmieder's law: J exp(-b z) + A (1 - exp(-b z)), with the clear picture J, the extinction b,
depth z and the air's colour A; as in Foggy Cityscapes (Sakaridis et al., IJCV 2018), where it is
laid on clear pictures as well.
"""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.training.sources.sample import Sample, Source

#: Extinction is what was asked for times this; the air is grey of this brightness.
_DENSITY = (0.5, 1.5)
_AIR = (0.6, 0.95)


class Hazy:
    """
    A source whose pictures are seen through haze, of another density in each sample.

    :param source: of samples whose truth is depth
    :param extinction: in the mean [1/m]
    """

    def __init__(self, source: Source, extinction: float) -> None:
        self.source = source
        self.extinction = extinction

    def samples(self, rng: np.random.Generator, count: int) -> list[Sample]:
        """Return so many samples, which depend on ``rng`` alone."""
        return [self._through(rng, sample) for sample in self.source.samples(rng, count)]

    def _through(self, rng: np.random.Generator, sample: Sample) -> Sample:
        if sample.rgb is None:
            return sample
        extinction = self.extinction * rng.uniform(*_DENSITY)
        return sample._replace(
            rgb=through_haze(sample.rgb, sample.high, extinction, rng.uniform(*_AIR))
        )


def through_haze(rgb: U8, depth: F32, extinction: float, air: float) -> U8:
    """
    Return a picture (H, W, 3) as haze lets it through.

    :param depth: (H, W) [m]; NaN, such as the sky, is so far that there is haze alone
    :param extinction: [1/m]
    :param air: brightness of the air, 0 to 1
    """
    clear = np.exp(-np.float32(extinction) * np.where(np.isfinite(depth), depth, np.inf))
    mixed = rgb * clear[..., None] + np.float32(255 * air) * (1 - clear[..., None])
    return np.asarray(np.rint(mixed), dtype=np.uint8)
