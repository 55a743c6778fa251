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
from cdst_ros.recordings.reader import Recording


def run(*args):
    return CliRunner().invoke(build_app(), ['record', *map(str, args)])


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f'{number}_depth.png'), np.full((6, 8), 800, np.uint16))
        cv2.imwrite(str(folder / f'{number}_rgb.jpg'), np.zeros((6, 8, 3), np.uint8))
    return folder


def test_import_list_and_verify(source, tmp_path):
    out = run('import', source, tmp_path / 'walk', '--rate', 10, '--frame-id', 'tof')
    assert out.exit_code == 0, out.output
    assert '3 frames recorded' in out.output
    assert 'made at 10 Hz' in out.output
    recording = Recording(tmp_path / 'walk')
    assert recording.rate_hz == 10
    assert recording[0].frame_id() == 'tof'

    for folder in (tmp_path, tmp_path / 'walk'):
        out = run('list', folder)
        assert out.exit_code == 0
        assert 'walk' in out.output
        assert '10 Hz' in out.output

    out = run('verify', tmp_path / 'walk')
    assert out.exit_code == 0
    assert 'is sound: 3 frames' in out.output


def test_frames_left_out_are_told(source, tmp_path):
    (source / '1_rgb.jpg').unlink()
    out = run('import', source, tmp_path / 'walk')
    assert out.exit_code == 0
    assert '2 frames recorded' in out.output
    assert '1: 1_rgb.jpg is missing' in out.output


def test_damage_ends_with_exit_code_1(source, tmp_path):
    run('import', source, tmp_path / 'walk')
    (tmp_path / 'walk' / 'depth' / '000001.png').unlink()
    out = run('verify', tmp_path / 'walk')
    assert out.exit_code == 1
    assert 'damaged: frame 1' in out.output
    assert '1 problems in 3 frames' in out.output


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (('verify', 'absent'), 'is not a recording'),
        (('list', 'absent'), 'is no folder'),
        (('list', '.'), 'holds no recording'),
        (('import', 'absent', 'walk'), 'is no folder'),
    ],
)
def test_failures_are_one_paragraph_without_a_traceback(tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    out = run(*args)
    assert out.exit_code == 1
    assert said in out.output
    assert 'Traceback' not in out.output
    assert out.exception is None or isinstance(out.exception, SystemExit)


def test_wrong_usage_ends_with_exit_code_2(tmp_path):
    assert run('import', tmp_path).exit_code == 2
    assert run('import', tmp_path, tmp_path / 'r', '--rate', 0).exit_code == 2


def test_a_recording_of_another_format_is_named(tmp_path):
    (tmp_path / 'walk').mkdir()
    (tmp_path / 'walk' / 'recording.json').write_text(json.dumps({'format': 9}))
    out = run('verify', tmp_path / 'walk')
    assert out.exit_code == 1
    assert 'reads format 1' in out.output
