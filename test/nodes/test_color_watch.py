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

from __future__ import annotations

from cdst_ros.nodes.color_watch import ColorWatch
from cdst_ros.nodes.frame import NoColor
from cdst_ros.nodes.window import Window


class Said:
    """A logger that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines.append(text)

    warning = info


def reason(kind):
    return NoColor(kind, lambda: f'it is {kind}')


def watched():
    said = Said()
    return ColorWatch(Window(), said), said.lines


def test_each_reason_is_said_once_and_that_it_is_over_once():
    watch, said = watched()
    watch.used()
    for _ in range(5):
        watch.lacked(reason('late'), 'Depth alone is used')
    watch.lacked(reason('beside'), 'Depth alone is used')
    watch.lacked(reason('late'), 'Depth alone is used')
    assert (watch.lacking, watch.reason) == ('late', 'it is late')
    for _ in range(30):
        watch.used()
    assert watch.lacking == ''
    watch.lacked(reason('late'), 'Depth alone is used')
    assert said == [
        'colour is used',
        'no colour: it is late. Depth alone is used',
        'no colour: it is beside. Depth alone is used',
        'colour is used again',
        'no colour: it is late. Depth alone is used',
    ]


def test_colour_of_every_other_frame_is_said_once():
    watch, said = watched()
    for _ in range(50):
        watch.used()
        watch.lacked(reason('late'), 'Depth alone is used')
    assert len(said) == 2


def test_what_has_not_come_at_once_is_given_a_moment():
    watch, said = watched()
    watch.lacked(reason('missing'), 'Depth alone is used')
    watch.lacked(reason('missing'), 'Depth alone is used')
    assert not said
    watch.lacked(reason('missing'), 'Depth alone is used')
    assert said == ['no colour: it is missing. Depth alone is used']
