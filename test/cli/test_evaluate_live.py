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
"""``cdst-ros evaluate BAG --live`` prints what the nodes were scored at, and leaves files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cdst_ros.cli import build_app
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.synthetic import SyntheticCamera

pytest.importorskip('rclpy')


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    camera = SyntheticCamera(3, 32, 24, scale=2, rate_hz=10.0, frames=4, color=False)
    with BagWriter(tmp_path / 'bag') as writer:
        for index in range(4):
            frame = camera.frame(index)
            stamp = 10**18 + frame.stamp_ns
            writer.write_depth('/depth/image_raw', frame.depth, stamp, frame.frame_id)
            writer.write_camera('/depth/camera_info', frame.camera, stamp, frame.frame_id)
    return tmp_path / 'bag'


def test_live_evaluation_is_told_like_an_offline_one(bag: Path, tmp_path: Path):
    arguments = ['evaluate', str(bag), '--live', '--engine', 'bicubic', '--scale', '2']
    done = CliRunner().invoke(build_app(), [*arguments, '--json', str(tmp_path / 'r.json')])
    assert done.exit_code == 0, done.output
    assert 'bicubic' in done.output
    assert 'edge MAE' in done.output
    assert '4 of 4 frames came out' in done.output
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['protocol'] == 'live'
    assert len(report['frames']) == 4


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (['--live', '--csv', 'x.csv'], '--csv is of offline evaluations'),
        (['--live', '--model', 'lite_x2', '--model', 'lite_x4'], '--live runs one model'),
        (['--realtime', '30'], '--realtime is of --live evaluations'),
        (['--live', '--model', 'nobody'], 'neither a shipped model'),
    ],
)
def test_what_makes_no_sense_live_is_refused(bag: Path, options: list[str], said: str):
    done = CliRunner().invoke(build_app(), ['evaluate', str(bag), *options])
    assert done.exit_code != 0
    assert said in ' '.join(done.output.split())
