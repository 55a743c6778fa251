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
"""The parameters of the superres node, as ``ros2 param describe`` shows them."""

from __future__ import annotations

import pytest
from rclpy.parameter import Parameter

from cdst_ros.nodes.parameters import Parameters


def test_each_has_a_description_and_a_fitting_range(make_graph):
    graph = make_graph(start=False)
    for name in Parameters.names():
        descriptor = graph.node.describe_parameter(name)
        assert len(descriptor.description) > 20
        value = graph.node.get_parameter(name).value
        for limits in (*descriptor.integer_range, *descriptor.floating_point_range):
            assert limits.from_value <= value <= limits.to_value
        if isinstance(value, float):
            assert descriptor.floating_point_range
        assert descriptor.read_only == (name == 'autostart')
    constraints = graph.node.describe_parameter('output_encoding').additional_constraints
    assert constraints == 'one of 16UC1, 32FC1'


def test_changes_are_a_new_set_of_values():
    before = Parameters()
    after = before.changed([Parameter('scale', value=2), Parameter('use_sim_time', value=True)])
    assert (before.scale, after.scale) == (0, 2)
    assert after.differing(before) == {'scale'}


def test_defaults_are_consistent():
    Parameters().check()
    Parameters().check_effect(set(Parameters.names()))


@pytest.mark.parametrize(
    ('values', 'changed', 'part'),
    [
        ({'engine': 'bicubic', 'scale': 2}, 'model', 'scale to 0'),
        ({'engine': 'bicubic', 'threads': 2}, 'threads', 'set engine to auto'),
        ({'bounded': False}, 'bound_sigmas', 'while bounded is false'),
    ],
)
def test_what_has_no_effect_is_named_with_the_remedy(values, changed, part):
    with pytest.raises(ValueError, match=f'{changed} has no effect') as raised:
        Parameters(**values).check_effect({changed})
    assert part in str(raised.value)
    Parameters(**values).check_effect({'lazy'})


def test_the_ends_of_the_range_of_the_tolerance_are_usable(make_graph):
    graph = make_graph()
    graph.flow()
    (limits,) = graph.node.describe_parameter('pairing_tolerance').floating_point_range
    for end in (limits.from_value, limits.to_value):
        assert graph.set(pairing_tolerance=end).successful
        graph.exchange()
