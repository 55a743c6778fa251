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
"""What one of the guard's judgements found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from cdst_ros.evaluation.guard.comparison import DECIDING, PRICES, Stand

#: What to record where frames show no depth edge.
EDGES = 'Record past furniture and doorways: flat walls tell nothing of edges.'


class Outcome(str, Enum):
    """What came of it: a gain, a loss, no difference beyond chance, or nothing to judge by."""

    BETTER = 'better'
    WORSE = 'worse'
    EVEN = 'even'
    NO_EVIDENCE = 'no_evidence'


@dataclass(frozen=True)
class Finding:
    """
    One judgement.

    :param name: of the judgement
    :param sentence: why, for a person
    :param blind: what it cannot see
    :param frames: that it was judged on
    :param stands: how the methods stand, by figure
    :param details: what else speaks for or against it, as JSON values
    :param advice: what to record for evidence, where there was none
    """

    name: str
    outcome: Outcome
    sentence: str
    blind: str
    frames: int = 0
    stands: Mapping[str, Stand] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ''

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            'name': self.name,
            'outcome': self.outcome.value,
            'sentence': self.sentence,
            'blind': self.blind,
            'frames': self.frames,
            'figures': {name: stand.to_json() for name, stand in self.stands.items()},
            'advice': self.advice,
            **self.details,
        }


def outcome_of(
    stands: Mapping[str, Stand], prices: tuple[str, ...] = PRICES
) -> tuple[Outcome, str]:
    """Return what figures amount to, and why: any price that grows makes it a loss."""
    edges = stands[DECIDING]
    if not edges.judged:
        return Outcome.NO_EVIDENCE, 'there is no depth edge to judge by'
    worse = [stands[name] for name in (DECIDING, *prices) if stands[name].worse]
    if worse:
        return Outcome.WORSE, f'worse beyond chance: {"; ".join(one.told() for one in worse)}'
    span = f'{-100 * edges.high:.1f} to {-100 * edges.low:.1f} %'
    if edges.better:
        return Outcome.BETTER, f'{edges.told()}, a gain of {span}, and nothing worse beyond chance'
    return Outcome.EVEN, f'{edges.told()}, a gain of {span}: no gain beyond chance'
