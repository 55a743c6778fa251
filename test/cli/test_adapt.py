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
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.learning.job import Job, Order
from cdst_ros.superres.store import shipped_models

pytest.importorskip('torch', reason='needs torch')
pytest.importorskip('lightning', reason='needs lightning')

sys.path.insert(0, str(Path(__file__).parents[1] / 'learning'))
from rooms import record


def run(*arguments):
    return CliRunner().invoke(build_app(), ['adapt', *map(str, arguments)])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['short', '--from', 'lite_x9'], 'neither a shipped model'),
        (['short'], '3 frames are too few'),
        (['none'], 'there is no folder none'),
        (['images'], 'images holds no recording'),
        (['.'], '. is a bag'),  # the folder of walk.mcap
        (['walk.mcap'], 'is a bag: make a recording of a bag'),
        (['walk.mcap'], 'cdst-ros record import walk.mcap walk_recording, then cdst-ros adapt'),
    ],
)
def test_faults_are_told_without_a_traceback(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'walk.mcap').write_bytes(b'')
    (tmp_path / 'images').mkdir()
    record(tmp_path / 'short', 3, size=(16, 12))
    done = run(*arguments)
    assert done.exit_code == 1
    assert message in done.output.replace('\n', ' ')
    assert not list(tmp_path.glob('*.adapt/*'))
    assert 'Traceback' not in done.output


def test_an_interrupted_training_is_not_gone_on_with_as_something_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    room = record(tmp_path / 'room', size=(16, 12))
    base = str(shipped_models()['fast_x4'])
    (tmp_path / 'room.adapt' / 'interrupted').mkdir(parents=True)
    Job.create(tmp_path / 'room.adapt' / 'interrupted', Order(str(room), base, 'mine', steps=1000))
    other = run('room', '--from', 'lite_x4', '--steps', 2000)
    assert other.exit_code == 1
    said = ' '.join(other.output.split())
    assert 'interrupted, with another --steps and --from' in said
    assert 'give another folder by --work' in said
    assert not list(tmp_path.glob('room.adapt/*/log.txt'))


def test_a_recording_becomes_a_model_with_a_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record(tmp_path / 'room')
    settings = ['data.pool=2', 'data.batch_size=2', 'checkpoint_every=2']
    arguments = ['room', *settings, '--from', 'fast_x4', '--steps', 4, '--frames', 10]
    # A fault of the training is told, and what it had done is not lost.
    failed = run(*arguments, 'nonsense=1')
    assert failed.exit_code == 1
    assert 'unknown key nonsense' in failed.output.replace('\n', ' ')
    done = run(*arguments, '--out', 'mine.onnx')
    assert done.exit_code == 0, done.output
    assert (tmp_path / 'mine.onnx').exists()
    assert 'against fast_x4' in done.output.replace('\n', ' ')
    assert list(tmp_path.glob('room.adapt/*/report.json'))
