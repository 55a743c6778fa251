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


def run(*args):
    return CliRunner().invoke(build_app(), ['upscale', *map(str, args)])


@pytest.fixture
def image(tmp_path):
    depth = np.full((24, 32), 2000, np.uint16)
    depth[5:15, 8:20] = 1000
    depth[0, 0] = 0
    cv2.imwrite(str(tmp_path / 'in.png'), depth)
    return tmp_path / 'in.png'


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_a_model_enlarges_an_image(image, tmp_path):
    out = run(image, tmp_path / 'out.png', '--json', tmp_path / 's.json', '--threads', 1)
    assert out.exit_code == 0, out.output
    assert '1 frames x4 by lite_x4' in out.output
    pixels = read(tmp_path / 'out.png')
    assert (pixels.shape, pixels.dtype) == ((96, 128), np.uint16)
    assert abs(int(pixels[90, 120]) - 2000) < 10
    summary = json.loads((tmp_path / 's.json').read_text())
    assert (summary['frames'], summary['skipped'], summary['model']) == (1, 0, 'lite_x4')


def test_a_method_needs_a_scale_and_no_model(image, tmp_path):
    out = run(image, tmp_path / 'out.png', '--engine', 'nearest', '--scale', 3)
    assert out.exit_code == 0, out.output
    np.testing.assert_array_equal(read(tmp_path / 'out.png')[1::3, 1::3], read(image))
    out = run(image, tmp_path / 'other.png', '--engine', 'nearest')
    assert out.exit_code == 1
    assert 'nearest needs a scale' in out.output


def test_settings_reach_the_frame(image, tmp_path):
    run(image, tmp_path / 'near.png', '--engine', 'nearest', '--scale', 2, '--max-depth', 1.5)
    assert set(np.unique(read(tmp_path / 'near.png'))) == {0, 1000}
    run(image, tmp_path / 'filled.png', '--engine', 'nearest', '--scale', 2, '--fill-holes', 2)
    assert read(tmp_path / 'filled.png').min() == 1000
    kept = ('--engine', 'bicubic', '--scale', 2)
    run(image, tmp_path / 'bounded.png', *kept)
    run(image, tmp_path / 'free.png', *kept, '--unbounded')
    assert read(tmp_path / 'bounded.png').max() == 2000
    assert read(tmp_path / 'free.png').max() > 2000


def test_units_are_kept(image, tmp_path):
    run(image, tmp_path / 'o.png', '--engine', 'nearest', '--scale', 2, '--depth-scale', 0.0005)
    assert read(tmp_path / 'o.png').max() == 2000


def test_skipped_images_are_told(image, tmp_path):
    folder = tmp_path / 'in'
    folder.mkdir()
    image.rename(folder / 'a.png')
    (folder / 'b.png').write_bytes(b'')
    out = run(folder, tmp_path / 'out', '--engine', 'bilinear', '--scale', 2)
    assert out.exit_code == 0
    assert '1 frames skipped' in out.output
    assert 'b.png' in out.output


@pytest.mark.parametrize(
    ('args', 'code', 'said'),
    [
        (('absent', 'out'), 1, 'absent does not exist'),
        (('in.png', 'in.png'), 1, 'lies in what is read'),
        (('in.png', 'there.png'), 1, '--force'),
        (('in.png', 'out.mcap'), 1, 'not a bag'),
        (('in.png', 'out.png', '--model', 'nope'), 1, 'neither a shipped model'),
        (('in.png', 'out.png', '--engine', 'nope'), 1, "no engine 'nope'"),
        (('in.png', 'out.png', '--engine', 'joint_bilateral', '--scale', '2'), 1, 'no colour'),
        (('in.png', 'out.png', '--max-sigma', '-1'), 1, 'max_sigma'),
        (('in.png', 'out.png', '--kind', 'video'), 2, 'use one of bag'),
        (('in.png', 'out.png', '--encoding', '8UC1'), 2, 'use 16UC1'),
        (('in.png', 'out.png', '--depth-scale', '0'), 2, 'metres of a unit'),
        (('in.png',), 2, 'OUT'),
    ],
)
def test_failures_are_told_plainly(image, monkeypatch, args, code, said):
    tmp_path = image.parent
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'there.png').write_bytes(b'mine')
    out = run(*args)
    assert out.exit_code == code, out.output
    assert said in ' '.join(out.output.split())
    assert isinstance(out.exception, SystemExit)
    assert (tmp_path / 'there.png').read_bytes() == b'mine'
    assert not (tmp_path / 'out.png').exists()
