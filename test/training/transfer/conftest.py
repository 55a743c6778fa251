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

from cdst_ros.training.transfer.system import TransferSystem

from ..pictured import pictured, random_batch, stirred


@pytest.fixture
def joint(tiny):
    """Return a maker of configurations of small joint trainings."""

    def make(transfer=(), **changes):
        section = {
            'estimation': {'width': 8, 'blocks': 3, 'stem': 2},
            'structure': {'width': 4, 'blocks': 1},
            'grid': 4,
            'window': 3,
            **dict(transfer),
        }
        return pictured(tiny, changes, transfer=section)

    return make


@pytest.fixture
def joint_system(joint):
    """Return a maker of their systems."""

    def make(transfer=(), **changes):
        return stirred(TransferSystem(joint(transfer, **changes).to_dict()), 0.02)

    return make


@pytest.fixture
def batch():
    return random_batch()
