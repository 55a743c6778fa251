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
What distillation needs of a depth super-resolution network.

Paper A (Sun et al., CVPR 2021, arXiv 2103.12955) trains a network for depth super-resolution
beside one for depth estimation, and lets them teach each other block by block, without a change
to either. A network that shows its blocks' features may take part.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor


class Features(NamedTuple):
    """
    What a network gives, and how it got there.

    ``depth`` [m], ``sigma`` [m] and ``valid`` (0 or 1): what ``forward`` returns, (N, 1, sH, sW);
    ``blocks``: the features of each block, first to last, as what follows sees them: (N, C, h, w)
    with C of ``block_widths``, and h = sH / r, w = sW / r with r of ``block_ratios``.
    """

    depth: Tensor
    sigma: Tensor
    valid: Tensor
    blocks: tuple[Tensor, ...]


@runtime_checkable
class FeatureNetwork(Protocol):
    """
    A network for depth super-resolution that shows its blocks.

    ``scale``: output pixels per input pixel, each way; ``block_widths``: channels of each block's
    features; ``block_ratios``: output pixels per pixel of each block's features, each way.
    """

    scale: int
    block_widths: tuple[int, ...]
    block_ratios: tuple[int, ...]

    def features(self, depth: Tensor, valid: Tensor) -> Features:
        """
        Do what ``forward`` does, and keep the features of the blocks.

        :param depth: (N, 1, h, w) [m], finite; does not matter where not ``valid``
        :param valid: (N, 1, h, w), 1 where depth was measured, else 0
        """
        ...
