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

import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.synthetic import load_profile


def run(verb, *args):
    return CliRunner(env={'COLUMNS': '200'}).invoke(build_app(), [verb, *map(str, args)])


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    path = tmp_path_factory.mktemp('bag') / 'rest.mcap'
    out = run(
        'synth', path, '--size', '96x72', '--scale', 1, '--duration', 1, '--rate', 20,
        '--still', 1, '--profile', 'generic',
    )  # fmt: skip
    assert out.exit_code == 0, out.output
    return path


def test_everything_is_said_and_written(bag, tmp_path):
    files = [tmp_path / name for name in ('f.json', 'f.html', 'mine.yaml')]
    out = run(
        'characterise', bag, '--depth-topic', '/depth/image_raw', '--json', files[0], '--html',
        files[1], '--profile', files[2],
    )  # fmt: skip
    assert out.exit_code == 0, out.output
    for said in ('20 frames', 'Noise', 'Holes', 'not told by this recording', 'mine.yaml'):
        assert said in out.output
    values = json.loads(files[0].read_text())
    assert values['frames'] == 20
    assert values['timing']['rate']['value'] == pytest.approx(20)
    assert values['noise']['still']['value'] == 20
    assert files[1].read_text().startswith('<!DOCTYPE html>')
    assert load_profile(files[2]).name == 'mine'


@pytest.mark.parametrize(
    ('args', 'said'),
    [(('nothing.mcap',), 'does not exist'), (('.',), 'is no bag')],
)
def test_faults_are_told_plainly(tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    out = run('characterise', *args)
    assert out.exit_code == 1
    assert said in ' '.join(out.output.split())
    assert 'Traceback' not in out.output


def test_several_depth_topics_are_listed(bag):
    out = run('characterise', bag)
    assert out.exit_code == 1
    assert '--depth-topic' in out.output


def test_help_has_an_example():
    out = ' '.join(run('characterise', '--help').output.split())
    assert 'cdst-ros characterise walk.mcap' in out
