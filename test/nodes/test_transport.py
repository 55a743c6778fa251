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
"""The transport profile: whom it is set for, and what is said of it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from cdst_ros.nodes.transport import advice, profile, profile_environment

FAST, CYCLONE = 'rmw_fastrtps_cpp', 'rmw_cyclonedds_cpp'


@pytest.mark.parametrize('rmw', [FAST, CYCLONE])
def test_profiles_are_shipped_and_well_formed(rmw):
    path = profile(rmw)
    assert path is not None
    ElementTree.parse(path)


@pytest.mark.parametrize(
    ('distro', 'names'),
    [
        ('humble', ['FASTRTPS_DEFAULT_PROFILES_FILE']),
        ('jazzy', ['FASTRTPS_DEFAULT_PROFILES_FILE']),
        ('kilted', ['FASTDDS_DEFAULT_PROFILES_FILE']),
    ],
)
def test_fast_dds_variable_by_distribution(distro, names):
    found = profile_environment({'ROS_DISTRO': distro}, FAST)
    assert list(found) == names
    assert set(found.values()) == {str(profile(FAST))}


def test_cyclone_takes_a_uri():
    assert profile_environment({}, CYCLONE) == {'CYCLONEDDS_URI': f'file://{profile(CYCLONE)}'}


@pytest.mark.parametrize(
    ('environ', 'rmw'),
    [
        ({'FASTDDS_DEFAULT_PROFILES_FILE': 'mine.xml'}, FAST),
        ({'FASTRTPS_DEFAULT_PROFILES_FILE': 'mine.xml'}, FAST),
        ({'CYCLONEDDS_URI': 'mine.xml'}, CYCLONE),
        ({}, 'rmw_zenoh_cpp'),
    ],
)
def test_the_users_choice_stays(environ, rmw):
    assert profile_environment(environ, rmw) == {}


def test_advice_goes_by_the_size():
    assert 'fastdds.xml' in advice(2_457_600, FAST)
    assert '2.5 MB' in advice(2_457_600, FAST)
    assert 'fastdds.xml' in advice(None, FAST)
    small = advice(153_600, FAST)
    assert '154 kB' in small
    assert 'fastdds.xml' not in small
    assert 'rmw_zenoh_cpp' in advice(2_457_600, 'rmw_zenoh_cpp')
