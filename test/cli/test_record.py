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


@pytest.fixture
def bag(tmp_path):
    """A bag of a camera with truth and poses."""
    path = tmp_path / 'tour.mcap'
    args = ('--size', '32x24', '--scale', '2', '--duration', '0.6', '--rate', '10')
    out = CliRunner().invoke(build_app(), ['synth', str(path), *args])
    assert out.exit_code == 0, out.output
    return path


def imported(bag, destination, *args):
    topics = ('--depth-topic', '/depth/image_raw', '--reference-topic', '/truth/image_raw')
    return run('import', bag, destination, *topics, *args)


def test_a_bag_goes_through_every_verb(bag, tmp_path):
    walk = tmp_path / 'walk'
    out = imported(bag, walk, '--world', 'map')
    assert out.exit_code == 0, out.output
    assert '6 frames recorded' in out.output
    assert '6 with colour, 6 with a pose in "map"' in out.output.replace('\n', ' ')
    assert 'depth: /depth/image_raw with /depth/camera_info' in out.output
    assert 'reference: /truth/image_raw with /truth/camera_info' in out.output
    assert imported(bag, walk).exit_code == 1

    out = run('list', walk)
    assert out.exit_code == 0
    for said in ('tour', '6 of 6', f'fingerprint {Recording(walk).fingerprint}'):
        assert said in out.output

    out = run('split', walk, tmp_path / 'parts', '--test', 0.3, '--gap', 0.1)
    assert out.exit_code == 0, out.output
    assert 'split by time, 0.1 s apart' in out.output
    parts = [tmp_path / 'parts' / name for name in ('train', 'test')]
    kept = sum(len(Recording(part)) for part in parts)
    assert f'{6 - kept} frames of the gaps left out' in out.output

    out = run('merge', *parts, tmp_path / 'whole')
    assert out.exit_code == 0, out.output
    assert f'{kept} frames of 2 sequences' in out.output
    out = run('split', tmp_path / 'whole', tmp_path / 'again')
    assert 'split by sequence' in out.output

    for args in (('back.mcap',), ('back', '--storage', 'sqlite3', '--compressed')):
        out = run('export', walk, tmp_path / args[0], *args[1:])
        assert out.exit_code == 0, out.output
        assert '6 frames written' in out.output
    assert '/depth/image_raw/compressedDepth: 6 messages' in out.output
    assert (tmp_path / 'back' / 'back.db3').is_file()
    assert (tmp_path / 'back.mcap').is_file()


def test_a_repair_tells_what_it_did_and_leaves_a_sound_recording(source, tmp_path):
    run('import', source, tmp_path / 'walk')
    (tmp_path / 'walk' / 'depth' / '000001.png').unlink()
    out = run('verify', tmp_path / 'walk')
    assert out.exit_code == 1
    assert '--repair" keeps what is whole' in out.output
    out = run('verify', tmp_path / 'walk', '--repair')
    assert out.exit_code == 0, out.output
    assert 'frame put aside' in out.output
    assert 'is sound: 2 frames' in out.output
    assert 'nothing to repair' in run('verify', tmp_path / 'walk', '--repair').output


def test_a_second_source_is_appended(source, bag, tmp_path):
    run('import', source, tmp_path / 'walk')
    assert run('import', source, tmp_path / 'walk').exit_code == 1
    out = imported(bag, tmp_path / 'walk', '--append')
    assert out.exit_code == 0, out.output
    assert [len(s) for s in Recording(tmp_path / 'walk').sequences] == [3, 6]


@pytest.mark.usefixtures('bag')
@pytest.mark.parametrize(
    ('args', 'code', 'said'),
    [
        (('import', 'tour.mcap', 'walk'), 1, 'several depth topics'),
        (('merge', 'walk'), 2, 'name the recordings and, last, the folder'),
        (('merge', 'absent', 'walk'), 1, 'is not a recording'),
        (('split', 'walk', 'parts', '--test', 0.6, '--validation', 0.5), 2, 'nothing to train on'),
        (('split', 'absent', 'parts'), 1, 'is not a recording'),
        (('export', 'absent', 'bag'), 1, 'is not a recording'),
        (('export', 'absent', 'tour.mcap'), 1, 'exists: choose another place'),
        (('verify', 'absent', '--repair'), 1, 'is not a recording'),
    ],
)
def test_wrong_requests_are_answered_in_one_paragraph(tmp_path, monkeypatch, args, code, said):
    monkeypatch.chdir(tmp_path)
    out = run(*args)
    assert out.exit_code == code, out.output
    assert said in ' '.join(out.output.split())
    assert out.exception is None or isinstance(out.exception, SystemExit)
