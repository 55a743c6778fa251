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
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.evaluation.cards import results as module

pytest.importorskip('jinja2')
pytest.importorskip('matplotlib')


def run(*args):
    return CliRunner().invoke(build_app(), ['card', *map(str, args)])


@pytest.fixture
def few(monkeypatch):
    """One protocol and one size are enough here."""
    monkeypatch.setattr(module, 'PROTOCOL_NAMES', ('synthetic_tof', 'hololens_x2'))
    monkeypatch.setattr(module, 'SIZES', ((320, 240),))


@pytest.mark.usefixtures('few')
def test_a_card_is_written_and_goes_on_where_it_was(tmp_path):
    out = run('lite_x2', '--out', tmp_path, '--frames', 1)
    assert out.exit_code == 0, out.output
    assert 'without hololens_x2' in out.output
    text = (tmp_path / 'lite_x2.md').read_text()
    assert 'synthetic_tof' in text
    assert '| seed, steps |' in text
    assert (tmp_path / 'lite_x2-worst-1.jpg').exists()
    kept = tmp_path / 'results' / 'synthetic_tof_x2.json'
    before = kept.stat().st_mtime_ns
    assert run('lite_x2', '--out', tmp_path, '--frames', 1).exit_code == 0
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (('lite_x9',), 'neither a shipped model'),
        (('lite_x2', 'lite_x2'), 'two models are called lite_x2'),
        (('lite_x2', '--data', 'hololens_x2'), 'PROTOCOL=FOLDER'),
        (('lite_x2', '--data', 'nowhere=folder'), 'no protocol nowhere of cards takes data'),
    ],
)
def test_what_can_not_be_is_refused(args, said, tmp_path):
    out = run(*args, '--out', tmp_path)
    assert out.exit_code != 0
    assert said in out.output
