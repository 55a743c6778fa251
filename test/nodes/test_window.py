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
"""Figures over the last few seconds, with a clock of the test's own."""

from __future__ import annotations

import pytest

from cdst_ros.nodes.window import Spread, Window


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def window(hand):
    return Window(5.0, hand)


def test_rate_by_intervals(window, hand):
    for _ in range(10):
        window.count('in')
        hand.now += 0.1
    assert window.rate('in') == pytest.approx(10)


def test_rate_decays_when_the_stream_stops(window, hand):
    for _ in range(11):
        window.count('in')
        hand.now += 0.1
    hand.now += 2
    assert window.rate('in') == pytest.approx(11 / 3.1)
    hand.now += 10
    assert window.rate('in') == 0


def test_first_event_and_burst_have_finite_rates(window):
    assert window.rate('in') == 0
    window.count('in')
    assert window.rate('in') == pytest.approx(0.2)
    window.count('in')
    assert window.rate('in') == 0


def test_totals_stay_and_recent_counts_go(window, hand):
    window.count('dropped/late')
    hand.now += 6
    window.count('dropped/late')
    window.count('dropped/early')
    assert window.total('dropped/late') == 2
    assert window.recent('dropped/late') == 1
    assert window.totals('dropped/') == {'late': 2, 'early': 1}


def test_spread_is_of_the_window_and_keeps_the_order_of_stages(window, hand):
    window.add({'decode': 9.0, 'infer': 1.0})
    hand.now += 6
    for seconds in (1.0, 2.0, 6.0):
        window.add({'decode': seconds})
    assert window.spreads() == {'decode': Spread(2.0, 6.0)}
    window.add({'infer': 3.0})
    assert list(window.spreads()) == ['decode', 'infer']
