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
import torch

from cdst_ros.training.mismatched.system import MismatchedSystem


@pytest.fixture
def mismatched(tiny):
    """Return a maker of configurations of small trainings on procedural scenes with colour."""

    def make(section=(), **changes):
        return tiny(
            data={
                'crop': 12,
                'batch_size': 2,
                'tiles': 1,
                'workers': 0,
                'color': True,
                'sources': [{'kind': 'procedural'}],
                **changes.pop('data', {}),
            },
            mismatched={
                'estimation': {'width': 8, 'blocks': 2, 'stem': 2},
                'reconstruction': {'width': 6, 'blocks': 2},
                'grid': 4,
                'window': 3,
                **dict(section),
            },
            **changes,
        )

    return make


@pytest.fixture
def system_of(mismatched):
    """Return a maker of their systems, all parts of which have something to say."""

    def make(section=(), **changes):
        system = MismatchedSystem(mismatched(section, **changes).to_dict())
        # Heads begin as zero, and what is behind them would have no gradient.
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for weights in system.parameters():
                weights.add_(0.05 * torch.randn(weights.shape, generator=generator))
        return system

    return make
