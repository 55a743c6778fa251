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
import signal
import sys
from types import SimpleNamespace

import ablation
import cv2
import numpy as np
import pytest
import yaml

from cdst_ros.training.sources.held_out import VALIDATION_SCENES
from cdst_ros.training.system import SuperResSystem

NOTHING = {'side': 1.0, 'output': 0.0, 'grid': 0.0, 'local': 0.0, 'structure': 0.0}
TRANSFER = {'estimation': {'width': 4, 'blocks': 1, 'stem': 2}, 'structure': {'width': 4}}
TINY = {
    'seeds': 2,
    'results': 'results',
    'base': {
        'max_steps': 3,
        'validate_every': 3,
        'checkpoint_every': 1,
        'log_every': 1,
        'model': {'scale': 2, 'options': {'width': 8, 'depth': 1}},
        'data': {
            'crop': 12,
            'tiles': 1,
            'batch_size': 2,
            'pool': 4,
            'workers': 0,
            'color': True,
            'sources': [{'kind': 'procedural'}],
        },
    },
    'arms': {
        'dsr': {},
        'output': {'transfer': {**TRANSFER, 'weights': {**NOTHING, 'output': 1.0}}},
    },
}


class Here:
    """A process that is none: the benchmark again, in this one."""

    def __init__(self, command, pass_fds):
        assert pass_fds
        self.command = command

    def wait(self):
        before, sys.argv = sys.argv, self.command[1:]
        try:
            ablation.main()
        except SystemExit as end:
            print(end, file=sys.stderr)
            return 1
        finally:
            sys.argv = before
        return 0


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return what runs the benchmark on a YAML, and gives its tables."""
    scenes = tmp_path / 'data' / 'middlebury24'
    scenes.mkdir(parents=True)
    for number, scene in enumerate(VALIDATION_SCENES['middlebury24']):
        levels = np.random.default_rng(number).integers(50, 200, (16, 16)).astype(np.uint8)
        cv2.imwrite(str(scenes / f'{scene}_depth.png'), levels)
    monkeypatch.setattr(ablation, 'subprocess', SimpleNamespace(Popen=Here))
    # No protocol looks at the model.
    monkeypatch.setattr('cdst_ros.training.export.export', lambda *_: SimpleNamespace(path=None))

    def run(values, *more):
        file = tmp_path / 'tiny.yaml'
        file.write_text(yaml.safe_dump(values))
        command = [ablation.__file__, file, tmp_path / 'data', '--runs', tmp_path / 'runs', *more]
        monkeypatch.setattr(sys, 'argv', [str(word) for word in command])
        ablation.main()

    return run


def results(tmp_path, folder='results'):
    return {path.stem: json.loads(path.read_text()) for path in (tmp_path / folder).glob('*.json')}


def test_every_arm_is_run_with_every_seed_once(run, tmp_path, capsys):
    run(TINY)
    found = results(tmp_path)
    assert sorted(found) == ['dsr_0', 'dsr_1', 'output_0', 'output_1']
    for result in found.values():
        assert result['steps'] == 3
        assert result['resumed_from'] == 0
        assert result['config']['data']['root'] == 'DATA'
        assert str(tmp_path) not in json.dumps(result)
        assert result['validation']['val/middlebury_mad'] >= 0
    # The first has made the samples, which takes memory that the others do without.
    measured = [found[name]['training_memory_mib'] for name in ('dsr_0', 'output_0', 'dsr_1')]
    assert measured[0] is None
    assert min(measured[1:]) > 0
    table = capsys.readouterr().out
    assert '| output | 2 | 3 |' in table
    assert '| output - dsr | ' in table
    times = [path.stat().st_mtime_ns for path in sorted((tmp_path / 'results').iterdir())]
    run(TINY)
    assert times == [path.stat().st_mtime_ns for path in sorted((tmp_path / 'results').iterdir())]


def test_a_run_that_was_interrupted_goes_on(run, tmp_path, monkeypatch, capsys):
    step = SuperResSystem.training_step

    def interrupted(system, *given):
        if system.global_step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step(system, *given)

    with monkeypatch.context() as patched:
        patched.setattr(SuperResSystem, 'training_step', interrupted)
        with pytest.raises(SystemExit):
            run(TINY, '--arms', 'dsr', '--seeds', '1')
    assert 'dsr, seed 0: interrupted at step 2' in capsys.readouterr().err
    assert results(tmp_path) == {}
    run(TINY, '--arms', 'dsr', '--seeds', '1')
    assert results(tmp_path)['dsr_0']['resumed_from'] == 2


def test_results_and_runs_of_another_configuration_are_refused(run, tmp_path, monkeypatch):
    run(TINY, '--arms', 'dsr', '--seeds', '1')
    other = {**TINY, 'base': {**TINY['base'], 'max_steps': 4}}
    told = r'dsr_0\.json: dsr was another than it is in .*: max_steps was 3 and is 4\. Take .*away'
    for more in ((), ('--table',)):
        with pytest.raises(SystemExit, match=told.replace('.*away', '.*results')):
            run(other, '--arms', 'dsr', *more)
    (tmp_path / 'results' / 'dsr_0.json').unlink()
    with pytest.raises(SystemExit, match=r'last\.ckpt: dsr was another .* max_steps was 3'):
        run(other, '--one', 'dsr', '0')


def test_to_try_it_out_leaves_the_real_runs_alone(run, tmp_path, capsys):
    run(TINY, '--steps', '2', '--arms', 'dsr', '--seeds', '1')
    assert not (tmp_path / 'results').exists()
    assert results(tmp_path, 'runs/tiny_2_steps/results')['dsr_0']['steps'] == 2
    assert '| dsr | 1 | 2 |' in capsys.readouterr().out
    assert not (tmp_path / 'runs' / 'tiny' / 'dsr_0').exists()


def test_teachers_come_first_and_arms_are_matched_in_cost(run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'joint_step.seconds_a_step', lambda config, _: 2.0 if config.transfer else 1
    )
    teacher = {'max_steps': 2, 'transfer': {**TRANSFER, 'weights': NOTHING}}
    begun = {'begins_with': 'teacher', **TINY['arms']['output']}
    arms = {'begun': begun, 'matched': {'matched_to': 'begun'}}
    run({**TINY, 'seeds': 1, 'teachers': {'teacher': teacher}, 'arms': arms})
    found = results(tmp_path)
    assert sorted(found) == ['begun_0', 'matched_0', 'matched_steps', 'teacher_1000']
    assert found['begun_0']['config']['transfer']['start'] == 'runs/tiny/teacher_1000/last.ckpt'
    assert found['matched_0']['steps'] == 6
    (tmp_path / 'results' / 'matched_steps.json').unlink()
    run({**TINY, 'seeds': 1, 'teachers': {'teacher': teacher}, 'arms': arms}, '--table')


def test_a_share_too_small_to_teach_anything_is_marked(tmp_path, run, capsys):
    run(TINY, '--arms', 'output', '--seeds', '1')
    file = tmp_path / 'results' / 'output_0.json'
    for share, told in ((0.03, '| 0.03 (dead) |'), (0.3, '| 0.30 |')):
        result = json.loads(file.read_text())
        result['training']['teaches/output'] = share
        file.write_text(json.dumps(result))
        run(TINY, '--table', '--seeds', '1')
        assert told in capsys.readouterr().out
