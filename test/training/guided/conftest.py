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

from ..pictured import pictured, random_batch


@pytest.fixture
def guided(tiny):
    """Return a maker of configurations of small trainings of a guided network."""

    def make(section=(), **changes):
        alone = {'network': 'lite', 'width': 8, 'depth': 1, 'head': 'selecting'}
        model = {
            'network': 'guided',
            'scale': 2,
            'options': {'alone': alone, 'width': 6, 'blocks': 1, 'fold': 2},
            **changes.pop('model', {}),
        }
        return pictured(tiny, {'model': model, **changes}, guided=dict(section))

    return make


@pytest.fixture
def batch():
    return random_batch()
