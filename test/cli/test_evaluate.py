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
import sys

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.bag_writer import BagWriter

SCENES = ('art', 'books', 'dolls', 'laundry', 'moebius', 'reindeer')


def run(*args):
    return CliRunner().invoke(build_app(), ['evaluate', *map(str, args)])


@pytest.fixture
def six(tmp_path):
    """Return a folder of the six names, small and generated."""
    folder = tmp_path / 'middlebury6'
    folder.mkdir()
    for number, name in enumerate(SCENES):
        image = np.full((64, 96), 70, np.uint8)
        cv2.circle(image, (40 + number, 30), 17, 180 + number, -1)
        cv2.imwrite(str(folder / f'{name}_depth.png'), image)
        cv2.imwrite(str(folder / f'{name}_rgb.jpg'), cv2.merge([image, image, image]))
    return folder


def test_the_floor_stands_beside_every_model(six, tmp_path):
    out = run(
        'middlebury6',
        '--data',
        six,
        '--scale',
        4,
        '--model',
        'lite_x4',
        '--json',
        tmp_path / 'report.json',
    )
    assert out.exit_code == 0, out.output
    for text in ('bicubic', 'lite_x4', 'the bound changed', 'with it', 'Checked, and held'):
        assert text in out.output
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['protocol'] == 'middlebury6'
    rows = {row['method']: row for row in report['rows']}
    assert set(rows) == {'nearest', 'bilinear', 'bicubic', 'joint_bilateral', 'lite_x4'}
    for row in rows.values():
        assert row['scale'] == 4
        assert set(row['mad']) == set(row['rmse']) == {*SCENES, 'mean'}
    assert rows['lite_x4']['bounded'] is True


def test_scales_and_models_may_be_repeated(six, tmp_path):
    out = run(
        'middlebury6',
        '--data',
        six,
        '--scale',
        2,
        '--scale',
        8,
        '--model',
        'none',
        '--json',
        tmp_path / 'report.json',
    )
    assert out.exit_code == 0, out.output
    report = json.loads((tmp_path / 'report.json').read_text())
    assert {row['scale'] for row in report['rows']} == {2, 8}
    assert len(report['rows']) == 8


def test_published_figures_come_with_their_caveat(six, tmp_path):
    out = run(
        'middlebury6',
        '--data',
        six,
        '--scale',
        4,
        '--published',
        '--json',
        tmp_path / 'report.json',
    )
    assert 'CTKT, published' in out.output
    assert 'not checked here' in out.output
    report = json.loads((tmp_path / 'report.json').read_text())
    assert {row['scale'] for row in report['published']} == {4}
    assert 'caveat' in report
    # Nobody named a model: those of depth alone.
    methods = {row['method'] for row in report['rows']}
    assert 'lite_x4' in methods
    assert 'guided_x4' not in methods


def test_without_the_bound_it_says_so(six):
    out = run('middlebury6', '--data', six, '--scale', 4, '--unbounded')
    assert out.exit_code == 0
    assert 'lite_x4 x4: not bounded' in out.output
    assert 'bound off' in out.output


def test_a_broken_promise_ends_with_exit_code_1(six, monkeypatch):
    from cdst_ros.evaluation import middlebury
    from cdst_ros.evaluation.promises import BrokenPromises

    monkeypatch.setattr(middlebury, 'check_promises', lambda *args: BrokenPromises(3, 0, 0))
    out = run('middlebury6', '--data', six, '--scale', 4)
    assert out.exit_code == 1
    assert 'broken: lite_x4 x4 on art broke its bound' in out.output
    assert 'Checked, and held' not in out.output


def test_hololens_rows_are_in_centimetres(tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    x = np.mgrid[:48, :64][1]
    for number in range(2):
        depth = (2000 + 3 * x + number).astype(np.uint16)
        depth[10:30, 20:40] = 1200
        cv2.imwrite(str(folder / f'{number}_depth.png'), depth)
    out = run('hololens_x2', '--data', folder, '--model', 'none', '--json', tmp_path / 'r.json')
    assert out.exit_code == 0, out.output
    report = json.loads((tmp_path / 'r.json').read_text())
    assert [row['method'] for row in report['rows']] == ['nearest', 'bilinear', 'bicubic']
    assert all(row['rmse_cm'] > 0 for row in report['rows'])
    assert 'note: joint_bilateral' in out.output


@pytest.mark.parametrize(
    ('args', 'code', 'said'),
    [
        (('nyu', '--data', '.'), 2, 'There are: middlebury6'),
        (('middlebury6',), 2, '--data'),
        (('middlebury6', '--data', 'absent'), 1, 'art_depth.png is missing'),
        (('middlebury6', '--data', '.', '--model', 'nope'), 1, 'art_depth.png is missing'),
        (('middlebury6', '--data', '.', '--scale', '3'), 1, 'of scales'),
        (('hololens_x2', '--data', 'absent'), 1, 'does not exist'),
        (('replica_x4',), 2, 'replica_x4 needs its data'),
        (('synthetic_tof', '--data', '.'), 2, 'makes its own data'),
        (('middlebury6', '--data', '.', '--frames', '2'), 1, 'leave --frames out'),
    ],
)
def test_failures_are_told_plainly(tmp_path, monkeypatch, args, code, said):
    monkeypatch.chdir(tmp_path)
    out = run(*args)
    assert out.exit_code == code
    assert said in ' '.join(out.output.split())
    assert isinstance(out.exception, SystemExit)


def test_a_model_that_is_none_is_told(six):
    out = run('middlebury6', '--data', six, '--model', 'nope')
    assert out.exit_code == 1
    assert 'nope is neither a shipped model' in out.output


def test_synthetic_sensors_need_no_data(tmp_path):
    args = ('synthetic_generic', '--scale', 4, '--frames', 1, '--model', 'lite_x4')
    out = run(*args, '--json', tmp_path / 'r.json')
    assert out.exit_code == 0, out.output
    for text in (
        'synthetic_generic x4',
        'RMSE [cm]',
        'thin recall',
        'beside the best floor of depth alone',
        'beside the best floor, colour included',
        'and without: RMSE',
    ):
        assert text in out.output
    report = json.loads((tmp_path / 'r.json').read_text())
    methods = ['nearest', 'bilinear', 'bicubic', 'joint_bilateral', 'lite_x4']
    assert [row['method'] for row in report['rows']] == methods
    for row in report['rows']:
        assert (row['scale'], row['profile']) == (4, 'generic')
        assert row['metrics']['rmse_cm'] > 0
        low, high = row['intervals']['rmse_cm']
        assert low <= high
    out = run(*args, '--unbounded')
    assert 'lite_x4 x4 on generic: not bounded' in out.output


def test_renders_are_shown_by_profile(tmp_path):
    depth = np.full((64, 96), 2500, np.uint16)
    depth[20:40, 30:60] = 1200
    cv2.imwrite(str(tmp_path / '0_depth.png'), depth)
    out = run('tartanair_x4', '--data', tmp_path, '--model', 'none')
    assert out.exit_code == 0, out.output
    for profile in ('aligned', 'phone_lidar', 'stereo', 'structured_light', 'tof'):
        assert f'tartanair_x4 x4, {profile}' in out.output
    assert 'note: joint_bilateral: left out' in out.output


@pytest.fixture
def drive(tmp_path):
    """Return a bag of depth and of depth twice as large, of the same camera."""
    low = CameraModel.from_intrinsics(40.0, 40.0, 19.5, 14.5, 40, 30)
    high = low.scaled(2, GridAlignment.HALF_PIXEL)
    with BagWriter(tmp_path / 'drive') as bag:
        for number in range(3):
            stamp = 1_700_000_000 * 10**9 + number * 100_000_000
            depth = np.full((60, 80), 2.5, np.float32)
            depth[20:45, 10 + number : 40 + number] = 1.2
            bag.write_depth('/d/image_raw', depth[::2, ::2].copy(), stamp, 'd')
            bag.write_camera('/d/camera_info', low, stamp, 'd')
            bag.write_depth('/r/image_raw', depth, stamp, 'd')
            bag.write_camera('/r/camera_info', high, stamp, 'd')
    return tmp_path / 'drive'


def test_a_bag_is_scored_and_everything_is_written(drive, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['/somewhere/cdst-ros', 'evaluate', 'drive.mcap'])
    out = run(
        drive,
        '--reference-topic',
        '/r/image_raw',
        '--model',
        'lite_x2',
        *('--json', tmp_path / 'out' / 'r.json', '--csv', tmp_path / 'r.csv'),
        *('--out', tmp_path / 'seen.mcap', '--resume', tmp_path / 'j.jsonl'),
    )
    assert out.exit_code == 0, out.output
    for text in (
        'recording x2',
        'edge MAE [cm] by distance, x2',
        'rank, by edge MAE',
        'latency [ms]',
        'note: ',
        'Checked, and held',
        '3 frames scored, 3 read, in ',
    ):
        assert text in out.output
    assert out.output.rstrip().endswith('3 frames are too few, 10 are needed.')
    report = json.loads((tmp_path / 'out' / 'r.json').read_text())
    assert report['judged'] == ['lite_x2']
    assert report['command'] == 'cdst-ros evaluate drive.mcap'
    assert report['environment']['numpy'] == np.__version__
    assert len(report['frames']) == 3
    assert len((tmp_path / 'r.csv').read_text().splitlines()) == 1 + 3 * 4
    with BagReader(tmp_path / 'seen.mcap', depth_topic='/depth_hr/image_raw') as bag:
        assert len(list(bag)) == 3
    again = run(
        drive,
        *('--reference-topic', '/r/image_raw', '--model', 'lite_x2'),
        *('--out', tmp_path / 'seen.mcap', '--resume', tmp_path / 'j.jsonl'),
    )
    assert again.exit_code == 1
    assert 'seen.mcap exists' in again.output


def test_a_report_to_look_at_is_written(drive, tmp_path):
    pytest.importorskip('jinja2')
    pytest.importorskip('matplotlib')
    out = run(
        drive,
        *('--reference-topic', '/r/image_raw', '--model', 'lite_x2'),
        *('--html', tmp_path / 'r.html'),
    )
    assert out.exit_code == 0, out.output
    page = (tmp_path / 'r.html').read_text()
    assert 'lite_x2' in page
    assert 'are too few, 10 are needed' in page


@pytest.mark.parametrize(
    ('args', 'code', 'said'),
    [
        (('absent.mcap',), 2, 'absent.mcap is no file or folder, and there is no protocol'),
        (('drive', '--published'), 2, '--published is of a protocol, and this is a recording'),
        (('drive', '--data', '.'), 2, '--data is of a protocol'),
        (('drive',), 1, 'several depth topics'),
        (('drive', '--depth-topic', '/d/image_raw', '--degrade', 'worse'), 1, 'no degradation'),
        (('drive', '--depth-topic', '/d/image_raw', '--model', 'nope'), 1, 'nope is neither'),
        (('drive', '--depth-topic', '/d/image_raw', '--depth-scale', '0'), 2, 'metres of a unit'),
        (('synthetic_tof', '--csv', 'r.csv'), 2, '--csv is of recordings'),
        (('synthetic_tof', '--degrade', 'area'), 2, '--degrade is of recordings'),
    ],
)
def test_what_does_not_fit_a_recording_is_told(drive, monkeypatch, args, code, said):
    monkeypatch.chdir(drive.parent)
    out = run(*args)
    assert out.exit_code == code
    assert said in ' '.join(out.output.split())
    assert isinstance(out.exception, SystemExit)


def test_error_maps_of_every_scene_and_method(six, tmp_path):
    folder = tmp_path / 'maps'
    out = run(
        'middlebury6', '--data', six, '--scale', 2, '--model', 'none', '--error-maps', folder
    )
    assert out.exit_code == 0, out.output
    assert {path.name for path in folder.iterdir()} >= {f'{s}_x2_bicubic.png' for s in SCENES}


def test_error_maps_are_refused_where_there_are_none(tmp_path):
    out = run('replica_x4', '--data', tmp_path, '--error-maps', tmp_path / 'maps')
    assert out.exit_code == 2
    assert 'replica_x4 makes no pictures of errors' in out.output
