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
"""What /diagnostics says while the node works, and in which words."""

from __future__ import annotations

import time

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from graph import camera, wall
from sensor_msgs.msg import Image

from cdst_ros.nodes.diagnostics import Health, diagnose
from cdst_ros.nodes.window import Window


def values_of(status):
    return {v.key: v.value for v in status.values}


def test_tells_rates_engine_and_each_stage(make_graph):
    graph = make_graph()
    graph.flow()
    for _ in range(5):
        graph.exchange()
    values = values_of(graph.status())
    assert values['state'] == 'active'
    assert values['engine'] == values['model'] == 'bicubic'
    assert (values['precision'], values['device'], values['scale']) == ('f32', 'CPU', '2')
    assert int(values['frames out']) >= 5
    assert float(values['output rate [Hz]']) > 0
    for stage in (
        'wait',
        'decode',
        'prepare',
        'infer',
        'bound',
        'mask',
        'encode',
        'publish',
        'total',
    ):
        words = values[f'{stage} [ms]'].split()
        assert words[0] == 'p50'
        assert 0 <= float(words[1].rstrip(',')) <= float(words[3])
    # The stamps of this test count from 1000 s: no age can be told from them.
    assert 'use_sim_time' in values['age [ms]']


def test_age_by_stamps_of_this_clock(make_graph):
    graph = make_graph()
    graph.clock_s = round(time.time(), 1)
    graph.flow()
    assert values_of(graph.status())['age [ms]'].startswith('p50')


def status_of(events=None, **facts):
    window = Window()
    for event, times in (events or {}).items():
        for _ in range(times):
            window.count(event)
    health = Health(**{'state': 'active', 'window': window, 'topic': '/depth', **facts})
    array = diagnose(health, '/robot/superres', Time(sec=5))
    assert array.header.stamp.sec == 5
    (status,) = array.status
    assert status.hardware_id == '/robot/superres'
    return status


@pytest.mark.parametrize('state', ['unconfigured', 'inactive', 'idle'])
def test_a_node_at_rest_is_ok(state):
    assert status_of(state=state, silent=True).level == DiagnosticStatus.OK


def test_a_refused_transition_is_an_error():
    status = status_of(state='unconfigured', refusal='cannot configure: no such model')
    assert status.level == DiagnosticStatus.ERROR
    assert status.message == 'cannot configure: no such model'


@pytest.mark.parametrize(
    ('facts', 'message'),
    [
        ({'silent': True}, 'nothing arrives on /depth'),
        ({'warnings': ('still the old engine',)}, 'still the old engine'),
        ({'events': {'dropped/engine': 1}}, '1 frames dropped lately: engine'),
        (
            {'events': {'in': 10, 'dropped/superseded': 4}},
            'slower than the input: 4 of 10 frames superseded lately',
        ),
        ({'events': {'nothing valid': 3}}, '3 frames lately: nothing valid'),
    ],
)
def test_what_is_wrong_is_a_warning(facts, message):
    status = status_of(**facts)
    assert status.level == DiagnosticStatus.WARN
    assert message in status.message


@pytest.mark.parametrize(
    'events',
    [{'in': 100, 'out': 99, 'dropped/superseded': 1}, {'without camera_info': 2}],
)
def test_what_happens_now_and_then_is_counted_and_ok(events):
    status = status_of(events=events)
    assert status.level == DiagnosticStatus.OK
    counted = set(values_of(status).values())
    assert {str(n) for n in events.values()} <= counted


def test_repeated_pixels_are_a_warning_that_names_the_topic_to_use(make_graph):
    graph = make_graph()
    graph.user.create_publisher(Image, 'camera/depth/image_rect_raw', 5)
    rough = wall(32, 48) + np.random.default_rng(1).normal(0, 0.02, (32, 48)).astype(np.float32)
    repeated = rough.repeat(3, axis=0).repeat(3, axis=1)
    graph.flow(repeated, camera(96, 144))
    graph.until(
        lambda: (
            graph.exchange(repeated, camera(96, 144))
            and graph.said('enlarged 3 times', f'{graph.namespace}/camera/depth/image_rect_raw')
        )
    )
    assert 'enlarged 3 times' in graph.status().message
