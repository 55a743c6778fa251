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

from cdst_ros.training.adaptation.system import AdaptationSystem

from ..pictured import pictured, stirred


@pytest.fixture
def adaptation(tiny):
    """Return a maker of configurations of small adaptations."""

    def make(section=(), **changes):
        section = {'estimation': {'width': 8, 'blocks': 2, 'stem': 2}, **dict(section)}
        return pictured(tiny, changes, adaptation=section)

    return make


@pytest.fixture
def system_of(adaptation):
    """Return a maker of their systems, all parts of which have something to say."""

    def make(section=(), **changes):
        return stirred(AdaptationSystem(adaptation(section, **changes).to_dict()), 0.05)

    return make
