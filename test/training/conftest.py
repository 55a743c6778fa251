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
import os

import pytest
import torch

from cdst_ros.training.config import TrainConfig


@pytest.fixture(autouse=True)
def _one_thread():
    """Small tensors on shared cores: more threads only wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _port_of_its_own():
    """Lightning leaves the port of distributed training behind, which others may take."""
    yield
    os.environ.pop('MASTER_PORT', None)


@pytest.fixture
def tiny(tmp_path):
    """Return a maker of configurations of runs that take a second."""

    def make(**changes) -> TrainConfig:
        values = {
            'name': 'tiny',
            'max_steps': 6,
            'log_every': 1,
            'validate_every': 100,
            'runs': str(tmp_path / 'runs'),
            'model': {'scale': 2, 'options': {'width': 8, 'depth': 1}},
            'data': {'crop': 12, 'batch_size': 2, 'tiles': 1, 'workers': 0},
        }
        return TrainConfig.from_dict({**values, **changes})

    return make
