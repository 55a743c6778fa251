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
"""What of the knowledge transfer a run does: the ``transfer`` section of a training's YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cdst_ros.training.weights import refuse_negative

MODES = ('high_frequency', 'paper')
#: What one decision about the roles is for, the finest first.
EXTENTS = ('pixel', 'sample', 'iteration')
UNCERTAINTIES = ('error', 'predicted')
#: Where depth estimation teaches in less than this share of decisions, it teaches nothing.
DEAD_SHARE = 0.05


@dataclass(frozen=True)
class RolesConfig:
    """
    Who teaches whom. The paper says that the roles are exchanged, and not how: all here is ours.

    :param mode: ``paper`` compares depth as it is, so the network that sees measured depth nearly
        always teaches; ``high_frequency`` compares, and transfers, only what low-resolution depth
        can not tell (``hidden.py``)
    :param output: extent of a decision in output space: ``pixel``, ``sample`` or ``iteration``.
        By pixel the teacher lies on the truth's side of the student almost everywhere, so the
        gradient is that of supervision, weighed anew
    :param affinity: likewise in affinity space: ``sample`` or ``iteration``
    """

    mode: str = 'high_frequency'
    output: str = 'sample'
    affinity: str = 'sample'

    def __post_init__(self) -> None:
        _one_of('mode', self.mode, MODES)
        _one_of('output', self.output, EXTENTS)
        _one_of('affinity', self.affinity, EXTENTS[1:])


@dataclass(frozen=True)
class TransferWeights:
    """
    Weights of the losses beside those of super-resolution; what weighs 0 is not computed.

    The paper's are unknown; these are ours.

    :param depth: L1 of the estimated depth
    :param hidden: L1 of what low-resolution depth can not tell of it
    :param likelihood: Laplace likelihood of its scale, which is trained by nothing else
    :param side: L1 of all side outputs against the truth
    :param output: distillation in output space, L_P
    :param grid: distillation in affinity space, L_A, between the cells of a grid
    :param local: likewise between each position and its neighbours
    :param structure: balanced cross-entropy of the structure map
    """

    depth: float = 1.0
    hidden: float = 1.0
    likelihood: float = 0.1
    side: float = 1.0
    output: float = 1.0
    grid: float = 1.0
    local: float = 1.0
    structure: float = 0.1

    def __post_init__(self) -> None:
        refuse_negative(self)
        if not self.depth + self.hidden > 0 or not self.likelihood > 0:
            raise ValueError('the depth estimation trains on depth or hidden, and on likelihood')


@dataclass(frozen=True)
class TransferConfig:
    """
    The knowledge transfer.

    :param estimation: what ``DENet`` takes, such as ``width``, ``blocks`` and ``stem``
    :param structure: what ``SPNet`` takes, such as ``width``
    :param roles: who teaches whom
    :param weights: of the losses
    :param prompted: depth estimation sees the enlarged input beside colour, and adds to it: a
        teacher that knows all that super-resolution knows. Ours; the paper's sees colour alone
    :param start: checkpoint of an earlier training whose depth estimation this one goes on with:
        of a joint training, or of one from depth of lower resolution; None: from random weights
    :param begin: step until which nothing is transferred, while both networks learn on their own
    :param ramp: steps in which the weights of the transfer then rise to their values
    :param teacher: False puts the truth in the teacher's place in output space and leaves every
        weight as it is: the control that tells the teacher from the weighting
    :param final: draw the two networks' last depth maps together too, beside those of the blocks
    :param uncertainty: what the fusion of features weighs by: the networks' ``error``, as in the
        paper, or the scale that they have ``predicted``
    :param grid: cells across and down of the affinity's grid
    :param window: width of the affinity's neighbourhood, odd [feature px]
    """

    estimation: dict[str, Any] = field(default_factory=dict)
    structure: dict[str, Any] = field(default_factory=dict)
    roles: RolesConfig = field(default_factory=RolesConfig)
    weights: TransferWeights = field(default_factory=TransferWeights)
    prompted: bool = False
    start: str | None = None
    begin: int = 0
    ramp: int = 0
    teacher: bool = True
    final: bool = False
    uncertainty: str = 'error'
    grid: int = 16
    window: int = 7

    def __post_init__(self) -> None:
        _one_of('uncertainty', self.uncertainty, UNCERTAINTIES)
        if min(self.begin, self.ramp) < 0:
            raise ValueError(
                f'begin and ramp must not be negative, got {self.begin} and {self.ramp}'
            )
        if self.grid < 2 or self.window < 3 or self.window % 2 == 0:
            raise ValueError(
                'grid must be at least 2 and window odd and at least 3, '
                f'got {self.grid} and {self.window}'
            )

    def strength(self, step: int) -> float:
        """Return the share of the transfer's weights that counts at ``step``."""
        if step < self.begin:
            return 0.0
        return min(1.0, (step - self.begin + 1) / (self.ramp + 1))


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f'{name} must be one of {", ".join(known)}, got {value!r}')
