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
"""A synthetic bag is read back as a camera's."""

import numpy as np
import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.cli.synth import START_NS
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.bag_transforms import read_moving_transforms
from cdst_ros.synthetic import SyntheticCamera, load_profile
from cdst_ros.synthetic.camera import OPTICAL_FRAME


def run(*args):
    return CliRunner().invoke(build_app(), ['synth', *map(str, args)])


SMALL = ('--size', '40x30', '--scale', 2, '--duration', 0.4, '--rate', 10, '--seed', 3)


@pytest.mark.parametrize('storage', ['.mcap', '.db3'])
def test_what_is_written_is_what_the_camera_sees(tmp_path, storage):
    path = tmp_path / f'walk{storage}'
    out = run(path, *SMALL, '--profile', 'stereo', '--motion', 'handheld')
    assert out.exit_code == 0, out.output
    assert '4 frames of a stereo sensor, 40x30, in scene 3' in out.output
    assert path.is_file()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    camera = SyntheticCamera(
        3, 40, 30, scale=2, rate_hz=10.0, profile=load_profile('stereo'), frames=4,
        motion='handheld',
    )  # fmt: skip
    with BagReader(path, depth_topic='/depth/image_raw', color_topic='/rgb/image_raw') as bag:
        frames = list(bag)
        assert bag.counts.damaged == bag.counts.unpaired == 0
    with BagReader(path, depth_topic='/truth/image_raw') as bag:
        truths = list(bag)
    assert len(frames) == len(truths) == 4
    for index, (low, high) in enumerate(zip(frames, truths, strict=True)):
        expected = camera.frame(index)
        np.testing.assert_allclose(low.depth, expected.depth, atol=5.1e-4)
        np.testing.assert_allclose(high.depth, expected.truth(), atol=1e-6)
        np.testing.assert_array_equal(low.color, expected.color)
        assert low.camera == expected.camera
        assert high.camera == low.color_camera == expected.camera_hr
        assert low.stamp_ns == high.stamp_ns == START_NS + index * 100_000_000
        assert low.log_time_ns > low.stamp_ns
        assert low.frame_id == high.frame_id == 'camera_depth_optical_frame'
        assert low.encoding == high.encoding == '16UC1'


def test_a_bag_of_depth_alone_needs_no_topic(tmp_path):
    path = tmp_path / 'walk.mcap'
    assert run(path, *SMALL, '--no-color', '--no-truth', '--profile', 'ideal').exit_code == 0
    with BagReader(path) as bag:
        assert len(list(bag)) == 4


def test_the_size_is_the_sensors_unless_said(tmp_path):
    path = tmp_path / 'walk.mcap'
    out = run(
        path,
        '--profile',
        'phone_lidar',
        '--scale',
        1,
        '--duration',
        0.1,
        '--rate',
        10,
        '--no-color',
    )
    assert out.exit_code == 0, out.output
    assert '256x192' in out.output


def test_the_same_command_writes_the_same_bag(tmp_path):
    for name in ('a.mcap', 'b.mcap'):
        assert run(tmp_path / name, *SMALL).exit_code == 0
    assert (tmp_path / 'a.mcap').read_bytes() == (tmp_path / 'b.mcap').read_bytes()


def test_a_camera_may_rest_first(tmp_path):
    path = tmp_path / 'rest.mcap'
    assert run(path, *SMALL, '--still', 0.3, '--profile', 'ideal', '--no-color').exit_code == 0
    with BagReader(path, depth_topic='/truth/image_raw') as bag:
        first, second, third, *rest = [frame.depth for frame in bag]
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    assert len(rest) == 1


def test_nothing_is_written_over_unless_forced(tmp_path):
    path = tmp_path / 'walk.mcap'
    path.write_text('mine')
    out = run(path, *SMALL)
    assert out.exit_code == 1
    assert 'exists' in out.output
    assert '--force' in out.output
    assert path.read_text() == 'mine'
    assert run(path, *SMALL, '--force').exit_code == 0
    with BagReader(path, depth_topic='/depth/image_raw') as bag:
        assert len(list(bag)) == 4


@pytest.mark.parametrize(
    ('args', 'code', 'said'),
    [
        (('walk.bag',), 2, 'walk.mcap or walk.db3'),
        (('walk.mcap', '--profile', 'kinect9'), 1, 'no sensor profile'),
        (('walk.mcap', '--size', '40'), 1, 'such as 320x240'),
        (('walk.mcap', '--size', '0x40'), 1, 'such as 320x240'),
        (('walk.mcap', '--motion', 'flying'), 1, 'robot or handheld'),
        (('walk.mcap', '--duration', 0.001), 2, 'no frame'),
        (('walk.mcap', '--scale', 0), 2, 'scale'),
    ],
)
def test_faults_are_told_plainly_and_leave_nothing(tmp_path, monkeypatch, args, code, said):
    monkeypatch.chdir(tmp_path)
    out = run(*args)
    assert out.exit_code == code
    assert said in ' '.join(out.output.split())
    assert 'Traceback' not in out.output
    assert not list(tmp_path.iterdir())


def test_help_has_an_example():
    assert 'cdst-ros synth walk.mcap' in ' '.join(run('--help').output.split())


def test_the_bag_says_where_the_camera_was(tmp_path):
    path = tmp_path / 'w.mcap'
    run(path, '--size', '32x24', '--duration', '0.3', '--rate', '10', '--still', '0.1')
    with BagStream(path) as stream:
        found = read_moving_transforms(stream)
    assert found.roots == {'map'}
    places = [found.between(OPTICAL_FRAME, 'map', START_NS + n * 10**8)[:3, 3] for n in range(3)]
    assert np.linalg.norm(places[1] - places[0]) == 0
    assert np.linalg.norm(places[2] - places[1]) > 0
