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
"""Depth learned from lower resolution: the ``mismatched`` section of a training's YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cdst_ros.training.sources.settings import SourceConfig
from cdst_ros.training.weights import refuse_negative

#: What depth estimation is told: measured depth as it is, enlarged as if it were the truth, or the
#: truth, which is the upper bound.
SUPERVISIONS = ('low', 'enlarged', 'truth')
#: Features of which picture are taught: that of low resolution, of high, or of both.
STUDENTS = ('low', 'high', 'both')


@dataclass(frozen=True)
class MismatchedWeights:
    """
    Weights of the losses; what weighs 0 is not computed.

    The paper's are unknown; these are ours, as are L1 for its losses and cosines for its affinity.

    :param low: depth estimated from the reduced picture against measured depth: the paper's first
    :param reduced: reduced depth of the whole picture against measured depth: its second
    :param consistency: the one against the other: its third
    :param fine: of detail beside depth, in each of the three and in L1 towards a truth
        (``Fine``)
    :param likelihood: Laplace likelihood of the estimate's scale, which is trained by nothing else
    :param reconstruction: L1 of the reconstruction network; nothing without a distillation
    :param grid: distillation in affinity space, between the cells of a grid
    :param local: likewise between each position and its neighbours
    """

    low: float = 1.0
    reduced: float = 1.0
    consistency: float = 1.0
    fine: float = 0.0
    likelihood: float = 0.1
    reconstruction: float = 1.0
    grid: float = 1.0
    local: float = 1.0

    def __post_init__(self) -> None:
        refuse_negative(self)
        if not self.likelihood > 0:
            raise ValueError('likelihood must be positive: nothing else trains the scale')
        if self.distils and not self.reconstruction > 0:
            raise ValueError('grid and local need reconstruction: it trains their teacher')

    @property
    def distils(self) -> bool:
        """Whether there is a distillation."""
        return self.grid > 0 or self.local > 0


@dataclass(frozen=True)
class MismatchedConfig:
    """
    The training of depth estimation from depth of lower resolution.

    :param estimation: what ``DENet`` takes, such as ``width``, ``blocks`` and ``stem``
    :param reconstruction: what ``ReconstructionNet`` takes, likewise
    :param supervision: one of ``SUPERVISIONS``; ``weights`` but for ``likelihood`` and ``fine``
        are of ``low``
    :param weights: of the losses
    :param student: one of ``STUDENTS``; the paper does not say which
    :param begin: step until which nothing is distilled, while the teacher learns
    :param grid: cells across and down of the affinity's grid
    :param window: width of the affinity's neighbourhood, odd [feature px]
    :param validation: sources of samples to validate on, in place of procedural scenes: other
        scenes than those that are trained on
    :param validation_seed: of those samples, 0 or more; another than settings were chosen with
        gives a test: procedural scenes of another seed are other scenes
    """

    estimation: dict[str, Any] = field(default_factory=dict)
    reconstruction: dict[str, Any] = field(default_factory=dict)
    supervision: str = 'low'
    weights: MismatchedWeights = field(default_factory=MismatchedWeights)
    student: str = 'low'
    begin: int = 0
    grid: int = 16
    window: int = 7
    validation: list[SourceConfig] = field(default_factory=list)
    validation_seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (('supervision', SUPERVISIONS), ('student', STUDENTS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f'{name} must be one of {", ".join(known)}, got {getattr(self, name)!r}'
                )
        if min(self.begin, self.validation_seed) < 0:
            raise ValueError(
                'begin and validation_seed must not be negative, '
                f'got {self.begin} and {self.validation_seed}'
            )
        if self.grid < 2 or self.window < 3 or self.window % 2 == 0:
            raise ValueError(
                'grid must be at least 2 and window odd and at least 3, '
                f'got {self.grid} and {self.window}'
            )
        weights = self.weights
        if self.supervision == 'low' and not weights.low + weights.reduced > 0:
            raise ValueError(
                'weights.low or weights.reduced must be positive: no depth is learned'
            )

    @property
    def distils(self) -> bool:
        """Whether there is a reconstruction network, and what it teaches."""
        return self.supervision == 'low' and self.weights.distils
