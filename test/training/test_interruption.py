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
import signal

import pytest
import torch

from cdst_ros.training.checkpoint import completed_steps, read_checkpoint
from cdst_ros.training.interruption import Interruption, interruptible
from cdst_ros.training.system import SuperResSystem
from cdst_ros.training.train import LAST, train


def asked_at(monkeypatch, step, *signals):
    """Send signals to this process amid a step."""
    before = SuperResSystem.training_step

    def training_step(system, *given):
        if system.global_step == step:
            for signum in signals:
                os.kill(os.getpid(), signum)
        return before(system, *given)

    monkeypatch.setattr(SuperResSystem, 'training_step', training_step)


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_end_goes_on_exactly_from_there(tiny, monkeypatch, signum):
    whole = read_checkpoint(train(tiny(name='whole')))
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patched:
        asked_at(patched, 2, signum)
        with pytest.raises(
            Interruption, match='interrupted at step 3: go on with --resume'
        ) as told:
            train(tiny(name='parts'))
    assert told.value.signum == signum
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    last = tiny(name='parts').folder / LAST
    assert completed_steps(last) == 3
    resumed = read_checkpoint(train(tiny(name='parts'), resume=last))
    for key, value in whole['state_dict'].items():
        assert torch.equal(value, resumed['state_dict'][key]), key


def test_who_asks_twice_is_not_kept_waiting(tiny, monkeypatch):
    asked_at(monkeypatch, 2, signal.SIGINT, signal.SIGINT)
    with pytest.raises(Interruption, match='within a step, which is lost'):
        train(tiny())
    assert not (tiny().folder / LAST).exists()


def test_before_the_first_step_nothing_is_kept(tiny, monkeypatch):
    monkeypatch.setattr(
        'cdst_ros.training.train.validation', lambda _: os.kill(os.getpid(), signal.SIGINT)
    )
    with pytest.raises(Interruption, match='before its first step: there is nothing to keep'):
        train(tiny())


def test_a_loaders_worker_leaves_it_to_the_process_that_trains():
    with interruptible() as asked:
        asked.step()
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
    assert not asked.signum
