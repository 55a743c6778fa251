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

pytest.importorskip('onnx', reason='models are converted with onnx')
pytest.importorskip('onnxruntime', reason='models are converted with onnxruntime')

from cdst_ros.cli import build_app
from cdst_ros.superres.contract import read_conversion, read_metadata

QUICK = ('--frames', '1')


def run(*arguments):
    return CliRunner().invoke(build_app(), ['convert', *map(str, arguments)])


def test_int8_is_calibrated_checked_and_says_what_it_costs(tmp_path, frame_folder):
    out, report = tmp_path / 'made' / 'fast.onnx', tmp_path / 'report.json'
    done = run(
        'fast_x4', '--to', 'int8', '--out', out, '--json', report, *QUICK,
        '--calibrate', frame_folder,
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert 'mm RMS from f32' in done.output
    assert read_metadata(out).name == 'fast_x4_int8'
    note = read_conversion(out)
    assert note['of'] == 'fast_x4'
    assert 'procedural rooms' in note['calibrated_on']
    assert f'frames of {frame_folder.name}' in note['calibrated_on']
    assert note['check']['holds'] is True
    assert json.loads(report.read_text())['losses'] == note['check']['losses']
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_what_loses_more_than_the_bound_is_refused_with_the_figures(tmp_path, monkeypatch):
    from cdst_ros.evaluation import precision_check

    monkeypatch.setattr(precision_check.Loss, 'growth', property(lambda self: 0.031))
    out = tmp_path / 'fast.onnx'
    done = run('fast_x4', '--to', 'f16', '--out', out, '--bound', '3', *QUICK)

    assert done.exit_code == 1
    assert '+3.10 %' in done.output
    assert '3 % is the bound' in done.output.replace('\n', ' ')
    assert not out.exists()


@pytest.mark.parametrize(
    ('arguments', 'code', 'part'),
    [
        (('fast_x4', '--to', 'f8'), 2, 'use f16 or int8'),
        (('fast_x4', '--to', 'f16', '--calibrate', 'x'), 2, 'leave it out'),
        (('fast_x4', '--to', 'f16', '--data', 'middlebury6'), 2, 'PROTOCOL=FOLDER'),
        (('fast_x4', '--to', 'f16', '--data', 'nowhere=x'), 1, 'no protocol'),
        (('nowhere', '--to', 'f16'), 1, 'neither a shipped model'),
    ],
)
def test_what_can_not_be_is_said_plainly(tmp_path, arguments, code, part):
    done = run(*arguments, '--out', tmp_path / 'out.onnx')

    assert done.exit_code == code, done.output
    assert part in done.output.replace('\n', ' ')


@pytest.fixture
def frame_folder(tmp_path):
    cv2 = pytest.importorskip('cv2')
    import numpy as np

    folder = tmp_path / 'walk'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(3):
        depth = rng.uniform(900, 3000, (48, 64)).astype(np.uint16)
        cv2.imwrite(str(folder / f'{k}_depth.png'), depth)
    return folder
