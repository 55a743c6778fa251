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
"""G2, the judgement by other frames: what a moving camera saw of the same places."""

from __future__ import annotations

from collections.abc import Sequence

from cdst_ros.evaluation.guard.comparison import DECIDING, PRICES, Comparison
from cdst_ros.evaluation.guard.finding import EDGES, Finding, Outcome, outcome_of
from cdst_ros.evaluation.guard.fused_view import FEWEST_POSED, FusedView
from cdst_ros.evaluation.guard.held_frame import Enlarge
from cdst_ros.evaluation.guard.volume import UnfusableError
from cdst_ros.synthetic import SensorProfile

NAME = 'fused_frames'
BLIND = (
    'What all frames get wrong alike (a bias, fattened edges, thin things that vanish when '
    'fused), errors of the poses, what moved, and depth invented where no three frames looked.'
)
#: What to record where there is no evidence.
POSES = (
    f'Record with poses (the trainer node takes them from /tf), {FEWEST_POSED} or more frames of '
    'the held-out part within one session.'
)
SLOWLY = 'Drive slowly past the same things, so that poses fit and many frames see each of them.'
#: What to record where no volume can be made.
NEARER = 'Record where surfaces are near enough to be measured: in rooms, not across halls.'
#: With such a blur [sigma in px of the sensor] contours rise over more than a pixel, and fused
#: they are as soft. Our choice.
SOFT = 0.5
#: Where the others saw nothing there may be something: that is not invented.
_PRICES = tuple(name for name in PRICES if name != 'invented')


def fused_frames(fused: Sequence[FusedView], new: Enlarge, old: Enlarge) -> Finding:
    """
    Judge two methods by what the other held-out frames, fused, say of each frame's view.

    The floor is how far two halves of the frames, fused apart, are apart near edges. The whole is
    better than its halves, but what both have wrong the difference does not show. Where the
    running method's error is not above the floor, there is no verdict.

    :raises ValueError: when an output has the wrong size
    """
    count, comparison = len(fused), Comparison()
    if not count:
        sentence = (
            'By fused frames nothing can be told: no sequence has '
            f'{FEWEST_POSED} frames with a pose and a calibrated camera.'
        )
        return Finding(NAME, Outcome.NO_EVIDENCE, sentence, BLIND, advice=POSES)
    for one in fused:
        frame, window = one.frame, one.window
        outputs = [method(frame.depth, frame.rgb)[window] for method in (new, old)]
        comparison.add(one.view, *outputs)
    stands, pixels = comparison.stands(), sum(one.pixels for one in fused)
    floor = 100 * sum(one.apart for one in fused) / pixels if pixels else float('nan')
    outcome, why = outcome_of(stands, _PRICES)
    advice = EDGES if outcome is Outcome.NO_EVIDENCE else ''
    edges = stands[DECIDING]
    if edges.judged and not edges.old > floor:
        outcome, advice = Outcome.NO_EVIDENCE, SLOWLY
        why = f'the error at edges, {edges.old:.2f} cm, is not above that, so they cannot judge it'
    sentence = (
        f'On {count} frames, each against the others fused (noise floor {floor:.2f} cm): {why}.'
    )
    details = {'noise_floor_cm': floor, 'floor_pixels': pixels}
    return Finding(NAME, outcome, sentence, BLIND, count, stands, details, advice)


def not_fused(error: UnfusableError) -> Finding:
    """Return that frames tell nothing, for no volume can be made of them."""
    sentence = f'By fused frames nothing can be told: {error}.'
    return Finding(NAME, Outcome.NO_EVIDENCE, sentence, BLIND, advice=NEARER)


def not_by_fusing(sensor: SensorProfile) -> Finding | None:
    """
    Return why frames of a sensor are not fused, None where they are.

    Who matches windows sees every contour fattened by half of one, and whose driver blurs sees
    every contour soft, in all frames alike: fused frames say so with one voice, and call every
    method worse that puts contours where they belong, as ``lite_x4_stereo`` against ``lite_x4``
    on a stereo camera.
    """
    matching = sensor.triangulation
    if matching is not None and matching.window > 1:
        fault = 'fattens'
    elif sensor.smoothing >= SOFT:
        fault = 'blurs'
    else:
        return None
    sentence = (
        f'Fused frames do not judge this sensor: by its profile it {fault} contours in all frames '
        'alike.'
    )
    return Finding(NAME, Outcome.NO_EVIDENCE, sentence, BLIND)
