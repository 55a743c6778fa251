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
"""G3 on frames whose truth is known."""

import cv2
import numpy as np

from cdst_ros.evaluation.guard.finding import Outcome
from cdst_ros.evaluation.guard.matched import ERRORS, matched


def test_a_better_method_holds(world, better, bilinear):
    found = matched(world.views, better, bilinear)
    assert found.outcome is Outcome.BETTER, found.sentence


def test_the_method_itself_holds(world, bilinear):
    found = matched(world.views, bilinear, bilinear)
    assert found.outcome is Outcome.EVEN, found.sentence


def test_a_cheat_is_refused(world, bilinear, cheat, cheats_with):
    found = matched(world.views, cheats_with(bilinear, cheat), bilinear)
    assert found.outcome is Outcome.WORSE, found.sentence


def test_a_cheat_with_half_the_error_is_refused_as_well(
    world, better, bilinear, cheat, cheats_with
):
    found = matched(world.views, cheats_with(better, cheat), bilinear)
    assert found.outcome is Outcome.WORSE, found.sentence


def test_few_views_prove_nothing(world, better, bilinear):
    assert matched(world.views[:9], better, bilinear).outcome is Outcome.NO_EVIDENCE


def test_beside_a_reference_errors_alone_are_held(world, better, bilinear, cheats_with):
    def thin_erased(depth, rgb):
        return cv2.morphologyEx(np.nan_to_num(depth), cv2.MORPH_CLOSE, np.ones((7, 7)))

    fake = cheats_with(better, thin_erased)
    assert matched(world.views, fake, better).outcome is Outcome.WORSE
    found = matched(world.views, fake, better, ('mae_cm', 'lost'))
    assert 'thin' not in found.sentence
    assert matched(world.views, bilinear, better, ERRORS).outcome is Outcome.WORSE
