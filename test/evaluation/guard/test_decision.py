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
"""Who is offered: only who gains on measured frames, and holds on synthetic ones."""

import json

import pytest

from cdst_ros.evaluation.guard.cross_scale import cross_scale
from cdst_ros.evaluation.guard.decision import decide, decide_by_reference
from cdst_ros.evaluation.guard.finding import Finding, Outcome
from cdst_ros.evaluation.guard.fused_frames import fused_frames
from cdst_ros.evaluation.guard.matched import matched
from cdst_ros.evaluation.plain import json_text


def finding(outcome):
    return None if outcome is None else Finding('one', outcome, f'It is {outcome.value}.', '')


BETTER, WORSE, EVEN, NOTHING = Outcome


@pytest.mark.parametrize(
    ('across', 'fused', 'synthetic', 'offered'),
    [
        (BETTER, None, EVEN, True),
        (None, BETTER, EVEN, True),
        (BETTER, EVEN, BETTER, True),
        (BETTER, NOTHING, EVEN, True),
        (BETTER, WORSE, BETTER, False),
        (WORSE, BETTER, BETTER, False),
        (BETTER, BETTER, WORSE, False),
        (BETTER, BETTER, NOTHING, False),
        (BETTER, BETTER, None, False),
        (EVEN, EVEN, BETTER, False),
        (NOTHING, NOTHING, BETTER, False),
        (None, None, BETTER, False),
        (None, None, None, False),
    ],
)
def test_no_evidence_is_a_no(across, fused, synthetic, offered):
    decision = decide(finding(across), finding(fused), finding(synthetic))
    assert decision.offered is offered
    assert decision.sentence.startswith('Offered.' if offered else 'Not offered')


def test_a_better_method_is_offered_and_the_reason_is_json(world, better, bilinear):
    decision = decide(
        cross_scale(world.held, 2, better, bilinear),
        None,
        matched(world.views, better, bilinear),
    )
    assert decision.offered, decision.sentence
    told = json.loads(json_text(decision.to_json()))
    assert told['offered'] is True
    assert told['findings']['cross_scale']['outcome'] == 'better'
    assert told['findings']['matched']['figures']['thin_f2']['new'] > 0
    assert 'finer than a pixel' in told['findings']['cross_scale']['blind']


def test_a_cheat_is_not_offered(world, bilinear, fake):
    """Nor is one whose model has half the error of what runs."""
    across = cross_scale(world.held, 2, fake, bilinear)
    decision = decide(across, None, matched(world.views, fake, bilinear))
    assert not decision.offered
    assert decision.sentence.startswith('Not offered. ')


def test_no_evidence_says_what_to_record(world, better, bilinear):
    across = cross_scale(world.held[:4], 2, better, bilinear)
    fused = fused_frames([], better, bilinear)
    decision = decide(across, fused, finding(BETTER))
    assert not decision.offered
    assert '10 frames or more have to be held out' in decision.sentence
    assert 'Record with poses' in decision.sentence


@pytest.mark.parametrize(
    ('better', 'synthetic', 'offered'),
    [
        (True, EVEN, True),
        (True, BETTER, True),
        (True, WORSE, False),
        (True, NOTHING, False),
        (False, BETTER, False),
    ],
)
def test_beside_a_reference_synthetic_frames_have_to_hold(better, synthetic, offered):
    decision = decide_by_reference(better, finding(synthetic))
    assert decision.offered is offered
    assert f'It is {synthetic.value}.' in decision.sentence
