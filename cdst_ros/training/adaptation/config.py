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

"""What colour teaches where nobody knows the truth: the ``adaptation`` section of a YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cdst_ros.training.weights import refuse_negative

#: What depth estimation is shown beside colour: nothing, enlarged measured depth, or what the
#: network that runs makes of that.
PROMPTS = ('none', 'depth', 'student')


@dataclass(frozen=True)
class AdaptationWeights:
    """
    Weights of the losses beside those of samples with a truth; what weighs 0 is not computed.

    :param estimation: what super-resolution is trained by (``LossConfig``), of the teacher, on
        samples with a truth and a picture
    :param low: paper B's first loss on samples without a truth: depth of the reduced picture
    :param reduced: its second: reduced depth of the whole picture
    :param consistency: its third: the one against the other
    :param measured: the student, reduced, against measured depth: low frequencies
    :param taught: the student against the teacher: high frequencies
    """

    estimation: float = 1.0
    low: float = 1.0
    reduced: float = 1.0
    consistency: float = 1.0
    measured: float = 1.0
    taught: float = 1.0

    def __post_init__(self) -> None:
        refuse_negative(self)
        if not self.estimation > 0:
            raise ValueError(
                "estimation must be positive: nothing else trains the teacher's doubt"
            )

    @property
    def mismatched(self) -> bool:
        """Whether the teacher learns by paper B."""
        return self.low > 0 or self.reduced > 0 or self.consistency > 0


@dataclass(frozen=True)
class AdaptationConfig:
    """
    The adaptation.

    :param estimation: what ``DENet``, the teacher, takes: ``width``, ``blocks``, ``stem``, ...
    :param prompt: one of ``PROMPTS``; what the teacher sees beside colour, and adds to
    :param start: checkpoint of an earlier training whose depth estimation the teacher begins with:
        of an adaptation, best of procedural scenes, of a joint training, or of one by depth of
        lower resolution; None: from random weights
    :param weights: of the losses
    :param reach: an edge of the teacher's is heard so near to a step of measured depth, and so far
        around [px of the output]
    :param begin: step until which the teacher learns and is not heard
    :param ramp: steps in which its weight then rises
    :param learning_rate: of the teacher, at its peak
    """

    estimation: dict[str, Any] = field(default_factory=dict)
    prompt: str = 'student'
    start: str | None = None
    weights: AdaptationWeights = field(default_factory=AdaptationWeights)
    reach: int = 2
    begin: int = 0
    ramp: int = 0
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        if self.prompt not in PROMPTS:
            raise ValueError(f'prompt must be one of {", ".join(PROMPTS)}, got {self.prompt!r}')
        if self.reach < 1 or min(self.begin, self.ramp) < 0:
            raise ValueError(
                'reach must be at least 1, begin and ramp not negative, '
                f'got {self.reach}, {self.begin} and {self.ramp}'
            )
        if not self.learning_rate > 0:
            raise ValueError(f'learning_rate must be positive, got {self.learning_rate}')

    def strength(self, step: int) -> float:
        """Return the share of its weight with which the teacher is heard at ``step``."""
        if step < self.begin:
            return 0.0
        return min(1.0, (step - self.begin + 1) / (self.ramp + 1))
