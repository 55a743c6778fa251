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

from cdst_ros.training.mismatched.system import MismatchedSystem

from ..pictured import pictured, stirred


@pytest.fixture
def mismatched(tiny):
    """Return a maker of configurations of small trainings across resolutions."""

    def make(section=(), **changes):
        values = {
            'estimation': {'width': 8, 'blocks': 2, 'stem': 2},
            'reconstruction': {'width': 6, 'blocks': 2},
            'grid': 4,
            'window': 3,
            **dict(section),
        }
        return pictured(tiny, changes, mismatched=values)

    return make


@pytest.fixture
def system_of(mismatched):
    """Return a maker of their systems."""

    def make(section=(), **changes):
        return stirred(MismatchedSystem(mismatched(section, **changes).to_dict()), 0.05)

    return make
