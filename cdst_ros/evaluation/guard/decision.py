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
"""The decision: whether a model is offered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from cdst_ros.evaluation.guard.finding import Finding, Outcome


@dataclass(frozen=True)
class Decision:
    """
    What the guard decides.

    :param offered: whether the new method may be offered
    :param sentence: why, for a person
    :param findings: that it comes of, those that there are
    :param seconds: that it took, where measured [s]
    """

    offered: bool
    sentence: str
    findings: tuple[Finding, ...]
    seconds: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            'offered': self.offered,
            'sentence': self.sentence,
            'seconds': self.seconds,
            'findings': {finding.name: finding.to_json() for finding in self.findings},
        }


def decide(across: Finding | None, fused: Finding | None, synthetic: Finding | None) -> Decision:
    """
    Return the decision; a judgement that was not made is None, and no evidence.

    Offered: G1 or G2 shows a gain beyond chance, neither shows a loss, and G3 holds. That a loss
    in one of them is a no even where the other gains is stricter than "one of them improves":
    what one is blind to the other sees, and who copies texture, or learned what his sensor does
    wrong, may gain in one. It takes a loss beyond chance of more than 1 %, so noise alone refuses
    nobody; and where fused frames are known to be wrong in one way, they have no say
    (``not_by_fusing``).
    """
    findings = tuple(one for one in (across, fused, synthetic) if one is not None)
    measured = [one for one in (across, fused) if one is not None]
    losses = [one for one in measured if one.outcome is Outcome.WORSE]
    gains = [one for one in measured if one.outcome is Outcome.BETTER]
    if losses:
        return Decision(False, f'Not offered. {_all_of(losses)}', findings)
    if synthetic is None or synthetic.outcome in {Outcome.WORSE, Outcome.NO_EVIDENCE}:
        why = 'No synthetic frames were judged.' if synthetic is None else synthetic.sentence
        return Decision(False, f'Not offered. {why}', findings)
    if not gains:
        why = _all_of(measured) or 'Nothing measured was judged.'
        wanted = ' '.join(dict.fromkeys(one.advice for one in measured if one.advice))
        reason = f'Not offered, for no gain is shown. {why} {wanted}'.strip()
        return Decision(False, reason, findings)
    return Decision(True, f'Offered. {_all_of([*gains, synthetic])}', findings)


def _all_of(findings: list[Finding]) -> str:
    return ' '.join(finding.sentence for finding in findings)


def decide_by_reference(better: bool, synthetic: Finding) -> Decision:
    """
    Return the decision where a reference was judged by, and synthetic frames beside it.

    :param better: what the reference says
    """
    holds = synthetic.outcome in {Outcome.BETTER, Outcome.EVEN}
    if better and not holds:
        return Decision(False, f'Not offered. {synthetic.sentence}', (synthetic,))
    word = 'Offered.' if better else 'Not offered, for no gain is shown.'
    return Decision(better, f'{word} {synthetic.sentence}', (synthetic,))
