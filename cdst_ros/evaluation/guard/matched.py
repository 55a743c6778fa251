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
"""G3, the judgement on synthetic frames of the sensor's own profile, where truth is known."""

from __future__ import annotations

from collections.abc import Iterable

from cdst_ros.evaluation.guard.comparison import ALLOWED, Comparison
from cdst_ros.evaluation.guard.finding import Finding, Outcome
from cdst_ros.evaluation.guard.held_frame import Enlarge
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.verdict import FEWEST_FRAMES

NAME = 'matched'
#: Without the first three there is nothing to hold.
HELD = ('edge_mae_cm', 'misplaced', 'thin_f2', 'mae_cm', 'lost', 'invented')
_NEEDED = HELD[:3]
#: What is held beside a reference: it shows itself what becomes of contours and thin things.
ERRORS = ('edge_mae_cm', 'mae_cm', 'lost', 'invented')
BLIND = 'Whatever of the real sensor and its surroundings the profile and the scenes lack.'


def matched(
    views: Iterable[View], new: Enlarge, old: Enlarge, held: tuple[str, ...] = HELD
) -> Finding:
    """
    Judge two methods by exact truth; ``evaluation.procedural.views_of`` makes the views.

    Held are the error at edges, the pixels misplaced there (flying ones above all) and the thin
    structures, and, that none of them is had by a bias or by leaving out or filling in pixels, the
    error of all pixels, what is lost and what is invented. None may be worse by more than
    ``ALLOWED``: 1 % of an error, or one of a hundred pixels. The value counts, not its interval,
    for here it is the new method that has to prove itself; but what is no loss beyond chance at
    all, as happens where few thin structures were in view, refuses nobody.

    :param held: figures that are, ``HELD`` or ``ERRORS``
    """
    comparison = Comparison()
    for view in views:
        comparison.add(view, new(view.low, view.rgb), old(view.low, view.rgb))
    count = len(comparison)
    if count < FEWEST_FRAMES:
        sentence = f'{count} matched synthetic frames prove nothing, {FEWEST_FRAMES} are needed.'
        return Finding(NAME, Outcome.NO_EVIDENCE, sentence, BLIND, count)
    stands = comparison.stands()
    missing = [name for name in _NEEDED if name in held and not stands[name].judged]
    worse = [one for name in held if (one := stands[name]).harm > ALLOWED and one.low > 0]
    if worse:
        outcome, why = Outcome.WORSE, f'worse: {"; ".join(one.told() for one in worse)}'
    elif missing:
        outcome, why = Outcome.NO_EVIDENCE, f'nothing to judge {", ".join(missing)} by'
    else:
        better = stands[HELD[0]].better
        outcome = Outcome.BETTER if better else Outcome.EVEN
        why = f'{stands[HELD[0]].told()}, nothing worse by more than {ALLOWED:.0%}'
    sentence = f'On {count} synthetic frames of the sensor profile: {why}.'
    return Finding(NAME, outcome, sentence, BLIND, count, stands)
