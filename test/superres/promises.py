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
"""The promises of the output, spelled out pixel by pixel and without any of the package's code."""

import itertools

import numpy as np

# Float32 arithmetic in another order.
ROUNDING = 1e-5


def neighbours(valid, row, column):
    """Yield the valid input pixels of the 3x3 neighbourhood."""
    height, width = valid.shape
    for y in range(max(0, row - 1), min(height, row + 2)):
        for x in range(max(0, column - 1), min(width, column + 2)):
            if valid[y, x]:
                yield y, x


def assert_bounded(out, depth, valid, scale, slack):
    """
    Assert the sentence of the design.

    Every HR value lies between the minimum and maximum of the valid LR samples of its 3x3
    neighbourhood, give or take the slack of each; and the nearest surface measured in an LR pixel
    survives in its s x s block.
    """
    for row, column in zip(*np.nonzero(~np.isnan(out)), strict=True):
        around = list(neighbours(valid, row // scale, column // scale))
        assert around, f'output {row}, {column} has no measurement around it'
        lowest = min(depth[at] - slack[at] for at in around)
        highest = max(depth[at] + slack[at] for at in around)
        value = out[row, column]
        assert lowest * (1 - ROUNDING) <= value <= highest * (1 + ROUNDING)
        assert value > 0
    for row, column in zip(*np.nonzero(valid), strict=True):
        block = out[
            row * scale : (row + 1) * scale,
            column * scale : (column + 1) * scale,
        ]
        limit = (depth[row, column] + slack[row, column]) * (1 + ROUNDING)
        assert np.nanmin(np.append(block, np.inf)) <= limit


def assert_holes_hold(out, depth, valid, scale, *, offsets, sigma):
    """Assert the contour rule on every known output pixel."""
    for row, column in zip(*np.nonzero(~np.isnan(out)), strict=True):
        own = row // scale, column // scale
        share = bilinear_mask(valid, own, offsets[row % scale], offsets[column % scale])
        assert share >= 0.5 - 1e-9
        if not valid[own]:
            around = [depth[at] for at in neighbours(valid, *own)]
            tolerance = max(0.02 * min(around), 4 * sigma(min(around)))
            assert max(around) - min(around) <= tolerance * (1 + ROUNDING)


def bilinear_mask(valid, own, dy, dx):
    """Return the bilinearly interpolated mask (dy, dx) input pixels from a pixel, 0 to 1."""
    height, width = valid.shape
    total = 0.0
    for y, x in itertools.product((-1, 0, 1), repeat=2):
        weight = max(0.0, 1 - abs(dy - y)) * max(0.0, 1 - abs(dx - x))
        row = min(max(own[0] + y, 0), height - 1)
        column = min(max(own[1] + x, 0), width - 1)
        total += weight * valid[row, column]
    return total
