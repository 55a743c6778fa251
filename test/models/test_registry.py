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
import pytest

from cdst_ros.models.lite import LiteSR
from cdst_ros.models.registry import build


def test_a_network_is_built_by_name():
    network = build('lite', 2, (0.0, 0.0, 0.0), width=8, depth=1)
    assert isinstance(network, LiteSR)
    assert network.scale == 2


def test_an_unknown_network_names_those_there_are():
    with pytest.raises(ValueError, match="no network 'big'; there are: dbpn, guided, lite"):
        build('big', 2, (0.0, 0.0, 0.0))


def test_an_unknown_option_is_named():
    with pytest.raises(ValueError, match='colour'):
        build('lite', 2, (0.0, 0.0, 0.0), colour=True)
