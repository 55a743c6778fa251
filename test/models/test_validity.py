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
"""The rule inside the graph is the rule of superres/holes.py."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.models.local import LocalView
from cdst_ros.models.validity import ValidContour
from cdst_ros.superres.holes import valid_contour

NOISE = (0.002, 0.001, 0.0005)


def contour(depth, valid, scale):
    depth, valid = torch.from_numpy(depth)[None, None], torch.from_numpy(valid)[None, None]
    local = LocalView(3, NOISE)(depth, valid.float())
    return ValidContour(scale)(local.valid, local.one_surface)[0, 0].numpy()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    share=st.floats(0, 1),
    spread=st.sampled_from([0.005, 0.05, 1.0]),
    scale=st.sampled_from([1, 2, 3, 4, 8]),
)
def test_network_and_classical_methods_agree(seed, size, share, spread, scale):
    rng = np.random.default_rng(seed)
    depth = (1 + spread * rng.random(size)).astype(np.float32)
    valid = rng.random(size) < share
    wanted = valid_contour(
        depth, valid, scale, alignment=GridAlignment.HALF_PIXEL, noise=NoiseModel(*NOISE)
    )
    assert np.array_equal(contour(depth, valid, scale), wanted)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_decides_alike(dtype):
    torch.manual_seed(0)
    rule = ValidContour(4)
    valid = (torch.rand(1, 1, 20, 20) < 0.6).float()
    surface = torch.rand(1, 1, 20, 20) < 0.5
    low = ValidContour(4).to(dtype)(valid.to(dtype), surface)
    assert torch.equal(low.float(), rule(valid, surface))
