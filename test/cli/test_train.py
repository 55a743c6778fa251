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
import re
import signal

import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.learning.job import HOPELESS
from cdst_ros.superres.contract import read_metadata

pytest.importorskip('torch', reason='needs torch')

from cdst_ros.training.config import shipped_configs
from cdst_ros.training.interruption import Interruption
from cdst_ros.training.system import TrainingError

SMALL = [
    'max_steps=2',
    'model.options={width: 8, depth: 1}',
    'data={crop: 12, batch_size: 2, tiles: 1, workers: 0}',
]


def run(*arguments):
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments])


def test_train_resume_and_export(tmp_path):
    settings = [*SMALL, 'name=small', f'runs={tmp_path}']
    done = run('train', 'lite_x4', *settings)
    assert done.exit_code == 0, done.output
    last = tmp_path / 'small' / 'last.ckpt'
    assert str(last) in done.output.replace('\n', '')

    again = run('train', 'lite_x4', *settings)
    assert again.exit_code == 1
    assert 'holds a run already' in again.output

    more = run('train', 'lite_x4', *settings, 'max_steps=4', '--resume')
    assert more.exit_code == 0, more.output

    model = tmp_path / 'small.onnx'
    exported = run('export', last, '--out', model, '--accuracy', 'mad=0.5')
    assert exported.exit_code == 0, exported.output
    metadata = read_metadata(model)
    assert metadata.accuracy == {'mad': 0.5}
    assert metadata.command.startswith('cdst-ros train lite_x4 max_steps=2')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['train', 'lite_x9'], 'no training configuration'),
        (['train', 'lite_x4', 'nonsense=1'], 'unknown key nonsense'),
        (['train', 'lite_x4', 'name=none', '--resume'], 'no checkpoint'),
        (['train', 'lite_x4', 'model.network=foo'], "no network 'foo'"),
        (['train', 'lite_x4', 'model.options.head=bar'], "no head 'bar'"),
        (['train', 'lite_x4', 'precision=half'], 'precision=half'),
        (['train', 'lite_x4', 'optimiser.learning_rate=-1'], 'learning_rate must not be'),
        (['export', 'none.ckpt', '--out', 'x.onnx'], 'no checkpoint'),
    ],
)
def test_faults_are_told_without_a_traceback(arguments, message):
    done = run(*arguments)
    assert done.exit_code == 1
    assert message in done.output
    assert 'Traceback' not in done.output


def test_a_loss_that_is_not_finite_tells_scripts_not_to_try_again(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise TrainingError('the loss is not finite at step 7')

    monkeypatch.setattr('cdst_ros.training.train.train', fail)
    done = run('train', 'lite_x4', *SMALL, f'runs={tmp_path}')
    assert done.exit_code == HOPELESS
    assert 'not finite at step 7' in done.output
    assert 'Traceback' not in done.output


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_says_how_to_go_on(monkeypatch, tmp_path, signum):
    def interrupt(*_, **__):
        raise Interruption('interrupted at step 7: go on with --resume', signum)

    killed = []
    monkeypatch.setattr('cdst_ros.training.train.train', interrupt)
    monkeypatch.setattr('cdst_ros.cli.train.os.kill', lambda *who: killed.append(who))
    before = signal.getsignal(signal.SIGTERM)
    done = run('train', 'lite_x4', *SMALL, f'runs={tmp_path}')
    signal.signal(signal.SIGTERM, before)
    assert 'at step 7: go on with --resume' in done.output
    assert done.exit_code == 128 + signum
    # Whoever ends processes by SIGTERM is to see that it was that which ended it.
    assert killed == ([(os.getpid(), signal.SIGTERM)] if signum == signal.SIGTERM else [])


def test_help_names_every_configuration():
    told = re.sub(r'[\s│]+', '', run('train', '--help').output)
    assert all(name in told for name in shipped_configs())


def test_a_figure_that_is_no_number_is_a_usage_error():
    done = run('export', 'none.ckpt', '--out', 'x.onnx', '--accuracy', 'mad')
    assert done.exit_code == 2
    assert 'NAME=VALUE' in done.output
