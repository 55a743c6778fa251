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
"""What is asked of publishers, by what they offer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from rclpy.qos import QoSHistoryPolicy

from cdst_ros.nodes.qos import BEST_EFFORT, RELIABLE, image_qos, matching_reliability


def publishers(*offered):
    return [SimpleNamespace(qos_profile=SimpleNamespace(reliability=r)) for r in offered]


@pytest.mark.parametrize(
    ('offered', 'asked'),
    [
        ((), BEST_EFFORT),
        ((RELIABLE,), RELIABLE),
        ((RELIABLE, RELIABLE), RELIABLE),
        ((BEST_EFFORT,), BEST_EFFORT),
        ((RELIABLE, BEST_EFFORT), BEST_EFFORT),
    ],
)
def test_reliable_where_every_publisher_offers_it(offered, asked):
    assert matching_reliability(publishers(*offered)) == asked


def test_images_are_offered_reliably_with_room_for_five():
    qos = image_qos()
    assert (qos.reliability, qos.history, qos.depth) == (RELIABLE, QoSHistoryPolicy.KEEP_LAST, 5)
