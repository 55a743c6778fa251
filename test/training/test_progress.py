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
import os
import pty
import subprocess
import sys
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


def test_a_terminal_sees_a_bar_with_the_losses(tmp_path):
    script = (
        'from cdst_ros.training.config import load_config\n'
        'from cdst_ros.training.train import train\n'
        "data = ['data.crop=12', 'data.tiles=1', 'data.batch_size=2', 'data.pool=0']\n"
        "train(load_config('lite_x2', ['max_steps=3', f'runs={RUNS!r}', *data]))\n"
    )
    terminal, inside = pty.openpty()
    command = [sys.executable, '-c', script.replace('{RUNS!r}', str(tmp_path))]
    environment = {**os.environ, 'TERM': 'xterm', 'COLUMNS': '200', 'OMP_NUM_THREADS': '1'}
    with subprocess.Popen(command, stdout=inside, stderr=inside, env=environment) as process:
        os.close(inside)
        told = b''
        # Linux ends the reading of a terminal that nobody has open any more with an error.
        while chunk := _read(terminal):
            told += chunk
    os.close(terminal)
    assert process.returncode == 0, told.decode()
    bar = told.decode().replace('\r', '\n').splitlines()
    assert any('Training' in line and '3/3' in line and 'loss: ' in line for line in bar), bar
    assert not any('v_num' in line for line in bar)


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b''
