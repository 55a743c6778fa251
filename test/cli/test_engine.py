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

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.superres.engines import CPU_ENGINES, describe_engines

HERE = [item.name for item in describe_engines() if item.available and item.name in CPU_ENGINES]


@pytest.fixture(autouse=True)
def any_runtime():
    if not HERE:
        pytest.skip('no runtime for models is installed')


def run(*args):
    return CliRunner().invoke(build_app(), ['engine', *map(str, args)])


QUICK = ('--frames', 2, '--rounds', 1, '--threads', 1)


def test_every_engine_here_is_held_against_f32_at_each_size(tmp_path):
    file = tmp_path / 'engines.json'
    sizes = ('--size', '48x32', '--size', '64x40')
    out = run('fast_x4', *sizes, '--precision', 'f32', '--json', file, *QUICK)

    assert out.exit_code == 0, out.output
    report = json.loads(file.read_text())
    assert report['ok']
    assert {(row['engine'], *row['size']) for row in report['rows']} == {
        (name, *size) for name in HERE for size in ((48, 32), (64, 40))
    }
    for row in report['rows']:
        assert row['same_as_f32']
        assert row['agreement']['max_mm'] < 1
        assert 0 < row['agreement']['range_m'][0] < row['agreement']['range_m'][1]
        assert row['wall_ms'] > 0
        assert row['first_s'] > 0
    assert 'of depths from' in out.output


def test_frames_of_a_source_are_real_and_of_its_size(tmp_path):
    for index in range(3):
        depth = np.full((24, 32), 1500 + 100 * index, np.uint16)
        depth[5:9] = 0
        cv2.imwrite(str(tmp_path / f'{index}.png'), depth)
    file = tmp_path / 'out.json'
    out = run('fast_x4', '--source', tmp_path, '--engine', HERE[0], '--json', file, *QUICK)

    assert out.exit_code == 0, out.output
    row = json.loads(file.read_text())['rows'][0]
    assert row['size'] == [32, 24]
    assert row['agreement']['range_m'] == pytest.approx([1.5, 1.6], abs=0.1)


def test_an_engine_that_was_asked_for_and_does_not_run_ends_with_1():
    if 'tensorrt' in {item.name for item in describe_engines() if item.available}:
        pytest.skip('TensorRT is here')
    out = run('fast_x4', '--engine', 'tensorrt', '--size', '48x32', *QUICK)

    assert out.exit_code == 1
    assert 'tensorrt f32 does not run' in out.output
    assert 'no NVIDIA GPU' in out.output


def test_a_precision_that_was_asked_for_and_is_not_offered_ends_with_1():
    if 'onnxruntime' not in HERE:
        pytest.skip('onnxruntime is not installed')
    asked = ('--engine', 'onnxruntime', '--size', '48x32', *QUICK)
    assert run('fast_x4', *asked).exit_code == 0
    out = run('fast_x4', *asked, '--precision', 'f16')

    assert out.exit_code == 1
    assert 'onnxruntime f16 does not run' in out.output


@pytest.mark.parametrize(
    ('arguments', 'code', 'part'),
    [
        (('nowhere.onnx',), 1, 'neither a shipped model'),
        (('fast_x4', '--size', '48'), 2, 'such as 320x240'),
        (('fast_x4', '--engine', 'warp'), 2, 'use tensorrt'),
        (('fast_x4', '--source', 'nowhere.bag'), 1, 'nowhere.bag'),
        (('fast_x4', '--source', 'x', '--size', '48x32'), 2, 'leave it out'),
        (('fast_x4', '--reference', 'lite_x2', '--size', '48x32', *QUICK), 1, 'another scale'),
    ],
)
def test_what_can_not_be_is_said_plainly(arguments, code, part):
    out = run(*arguments)

    assert out.exit_code == code, out.output
    assert part in out.output.replace('\n', ' ')
