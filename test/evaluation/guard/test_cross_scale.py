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
"""G1 on a walk of a synthetic sensor."""

import numpy as np
import pytest

from cdst_ros.evaluation.guard.cross_scale import cross_scale
from cdst_ros.evaluation.guard.finding import Outcome
from cdst_ros.evaluation.guard.held_frame import HeldFrame, enlarger
from cdst_ros.evaluation.lowering import lowering
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings

SCALE = 2


def test_a_better_method_gains(world, better, bilinear):
    found = cross_scale(world.held, SCALE, better, bilinear)
    assert found.outcome is Outcome.BETTER, found.sentence
    assert found.frames == len(world.held)
    assert found.stands['edge_mae_cm'].high < 0


def test_the_method_itself_neither_gains_nor_loses(world, bilinear):
    found = cross_scale(world.held, SCALE, bilinear, bilinear)
    assert found.outcome is Outcome.EVEN, found.sentence


def test_a_cheat_loses(world, bilinear, cheat, cheats_with):
    found = cross_scale(world.held, SCALE, cheats_with(bilinear, cheat), bilinear)
    assert found.outcome is Outcome.WORSE, found.sentence


def test_a_cheat_with_half_the_error_loses_as_well(world, better, bilinear, cheat, cheats_with):
    found = cross_scale(world.held, SCALE, cheats_with(better, cheat), bilinear)
    assert found.outcome is Outcome.WORSE, found.sentence


def test_a_model_of_the_sensor_gains_at_edges_where_its_own_profile_makes_frames_smaller(
    stereo_world,
):
    bilinear = enlarger(open_engine(None, 'bilinear', scale=4), Settings(bounded=False))
    model = enlarger(open_engine('lite_x4_stereo', threads=1))
    found = cross_scale(stereo_world.held, 4, model, bilinear, lowering('stereo'))
    assert found.stands['edge_mae_cm'].better, found.sentence
    assert found.stands['misplaced'].better
    assert found.outcome is Outcome.BETTER, found.sentence
    assert found.details['made_smaller_by'] == 'stereo'
    # It undoes what stereo does wrong, and medians do nothing wrong.
    found = cross_scale(stereo_world.held, 4, model, bilinear)
    assert found.stands['edge_mae_cm'].worse, found.sentence
    assert found.outcome is Outcome.WORSE


def test_few_frames_and_flat_walls_are_no_evidence(world, better, bilinear):
    found = cross_scale(world.held[:9], SCALE, better, bilinear)
    assert found.outcome is Outcome.NO_EVIDENCE
    assert '9 frames' in found.sentence
    wall = [HeldFrame('wall', np.full((24, 32), 2, np.float32))] * 10
    found = cross_scale(wall, SCALE, bilinear, bilinear)
    assert found.outcome is Outcome.NO_EVIDENCE
    assert 'no depth edge' in found.sentence


def test_an_output_of_another_size_is_refused(world, bilinear):
    with pytest.raises(ValueError, match='the new method gave'):
        cross_scale(world.held[:1], SCALE, lambda depth, rgb: depth, bilinear)
