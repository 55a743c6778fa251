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

import json
from types import SimpleNamespace

import torch

from cdst_ros.training.progress import ProgressFile


def trainer(step, *, first=True):
    """Return what of a trainer is looked at."""
    metrics = {'loss': torch.tensor(0.5)}
    return SimpleNamespace(
        is_global_zero=first, global_step=step, max_steps=10, callback_metrics=metrics
    )


def test_the_file_tells_where_a_run_is(tmp_path):
    file = tmp_path / 'progress.json'
    watched = ProgressFile(file, period_s=0.0)
    watched.on_train_batch_end(trainer(3))
    assert json.loads(file.read_text()) == {'step': 3, 'steps': 10, 'loss': 0.5}


def test_one_of_several_processes_alone_writes_it(tmp_path):
    file = tmp_path / 'progress.json'
    watched = ProgressFile(file, period_s=0.0)
    watched.on_train_start(trainer(0, first=False), None)
    watched.on_train_batch_end(trainer(1, first=False))
    watched.on_train_end(trainer(1, first=False), None)
    assert not list(tmp_path.iterdir())
