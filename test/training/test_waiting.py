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
import csv
from pathlib import Path

import pytest

from cdst_ros.training import waiting
from cdst_ros.training.train import train
from cdst_ros.training.waiting import TimedLoader, WaitShare


class Clock:
    """Tells a time that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


class Logged:
    """Stands for a module that logs."""

    def __init__(self):
        self.shares = []

    def log(self, name, value):
        assert name == 'data/wait_share'
        self.shares.append(value)


class Steps:
    """Stands for a trainer that counts."""

    log_every_n_steps = 2
    global_step = 0

    def __init__(self, loader):
        self.train_dataloader = loader


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(waiting, 'time', clock)
    return clock


def test_the_share_is_of_the_time_between_points_without_validation(clock):
    def slowly():
        while True:
            clock.now += 1.0
            yield 'batch'

    loader, module = TimedLoader(slowly()), Logged()
    trainer, share = Steps(loader), WaitShare()
    batches = iter(loader)
    share.on_train_start(trainer, module)
    for step in range(1, 5):
        next(batches)
        clock.now += 3.0
        trainer.global_step = step
        share.on_train_batch_end(trainer, module)
        clock.now += 50.0
        share.on_validation_end()
    assert module.shares == [0.25, 0.25]
    assert loader.waited == 4.0


def test_a_run_logs_it(tiny):
    config = tiny(max_steps=4)
    train(config)
    file = next(Path(config.folder).glob('curves/*/metrics.csv'))
    shares = [row['data/wait_share'] for row in csv.DictReader(file.open())]
    assert len(shares) == 4
    assert all(0 <= float(share) <= 1 for share in shares)
