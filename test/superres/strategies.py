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
"""Depth images, engines' outputs and sensors that hypothesis draws."""

import numpy as np
from hypothesis import strategies as st

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.engine import EngineInfo, Inference

scales = st.integers(1, 8)
alignments = st.sampled_from(GridAlignment)
noises = st.builds(
    NoiseModel,
    st.sampled_from([0.0, 0.001, 0.05, 5.0]),
    st.sampled_from([0.0, 0.01]),
    st.sampled_from([0.0, 0.003]),
)


@st.composite
def depth_images(draw):
    """Draw (H, W) [m] with steps, noise, and holes of every kind of unknown."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 11))
    surfaces = rng.uniform(0.2, 8.0, 3)[rng.integers(0, 3, (height, width))]
    depth = surfaces * rng.uniform(1, draw(st.sampled_from([1.0, 1.01, 1.5])), (height, width))
    unknown = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0])
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
    holes = rng.random((height, width)) < share
    depth[holes] = rng.choice(unknown, np.count_nonzero(holes))
    return depth.astype(np.float32)


class Adversary:
    """An engine whose output is as bad as floats can be."""

    def __init__(self, scale, alignment, noise, seed):
        self._rng = np.random.default_rng(seed)
        self.info = EngineInfo('adversary', 'a', scale, alignment, 'f32', 'CPU', False, noise)

    def infer(self, depth, valid, rgb=None):
        """Return random, huge, negative, infinite and NaN depth, and any mask."""
        rng, scale = self._rng, self.info.scale
        assert np.isfinite(depth).all()
        shape = depth.shape[0] * scale, depth.shape[1] * scale
        bad = np.array([np.nan, np.inf, -np.inf, 0, -1, 1e-30, 3e38, -3e38], np.float32)
        out = np.kron(depth, np.ones((scale, scale))) * rng.uniform(0.5, 1.5, shape)
        out = out.astype(np.float32)
        spoilt = rng.random(shape) < rng.choice([0.0, 0.3, 1.0])
        out[spoilt] = rng.choice(bad, np.count_nonzero(spoilt))
        sigma = rng.choice(np.append(bad, np.float32(0.01)), shape)
        mask = rng.random(shape) < rng.choice([0.0, 0.5, 1.0])
        return Inference(out, sigma, mask)

    def close(self):
        """Nothing is held."""


adversaries = st.builds(Adversary, scales, alignments, noises, st.integers(0, 2**32 - 1))
