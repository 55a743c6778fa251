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
"""The demo runs the real graph over real DDS, and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tiny_model import write_model
from waiting import wait_until

from cdst_ros.depth.camera import CameraModel
from cdst_ros.nodes.demo import Demo, run_demo
from cdst_ros.nodes.watch import RunError, run_environment
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.superres.engine import ModelError

SMALL = Demo(duration_s=1.0, width=48, height=36, engine='bicubic', scale=2)
#: The command line of the same.
COMMAND = [
    sys.executable,
    '-c',
    # Shells start background jobs deaf to Ctrl-C, and processes inherit that.
    'import signal; signal.signal(signal.SIGINT, signal.default_int_handler);'
    'from cdst_ros.cli import main; main()',
    'demo',
]
ARGUMENTS = ['--size', '48x36', '--engine', 'bicubic', '--scale', '2']


def quietly(*_: Any) -> None:
    """Take progress and show nothing."""


def variants(**changes: Any) -> Demo:
    return Demo(**{**SMALL.__dict__, **changes})


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started, and has not yet waited for."""
    found: list[int] = []
    for task in Path(f'/proc/{pid}/task').glob('*/children'):
        found += [int(child) for child in task.read_text().split()]
    return found


def nodes_of(pid: int) -> list[int]:
    """Return the node processes among them, once they are what they will be."""
    return [
        child
        for child in children_of(pid)
        if b'cdst_ros.nodes.' in Path(f'/proc/{child}/cmdline').read_bytes()
    ]


def gone(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == 'Z'


@pytest.mark.parametrize('reliability', ['reliable', 'best_effort'])
def test_demo_scores_the_graph_and_draws_it(tmp_path, reliability):
    seen: list[tuple[str, int, int]] = []
    demo = variants(reliability=reliability, picture=tmp_path / 'p.png')
    report = run_demo(demo, os.environ, lambda *done: seen.append(done))
    assert report['frames_in'] + report['late'] >= 30
    assert 0 < report['frames_out'] <= report['frames_in'] == 30
    assert report['dropped'] == report['frames_in'] - report['frames_out']
    assert report['rate_hz'] > 0
    assert 0 < report['latency_ms']['p50'] <= report['latency_ms']['p99']
    assert list(report['rmse_cm']) == ['model', 'nearest', 'bilinear', 'bicubic']
    assert report['rmse_cm']['nearest'] > report['rmse_cm']['bilinear'] > 0
    assert sum(report['broken_promises'].values()) == 0
    assert report['camera_info']['wrong_intrinsics'] == 0
    assert report['camera_info']['paired'] > 0
    assert (report['input_size'], report['output_size']) == ([48, 36], [96, 72])
    assert (report['reliability'], report['transport_profile']) == (reliability, 'fastdds.xml')
    assert report['machine']
    json.dumps(report)
    assert cv2.imread(str(tmp_path / 'p.png')) is not None
    assert {doing for doing, _, _ in seen} >= {'preparing frames', 'running'}
    assert not nodes_of(os.getpid())


def test_demo_runs_a_model_on_a_recording(tmp_path):
    camera = CameraModel.from_intrinsics(30, 30, 15.5, 11.5, 32, 24)
    with RecordingWriter(tmp_path / 'walk', rate_hz=10.0) as writer:
        for k in range(5):
            depth = np.full((24, 32), 2.0, np.float32)
            depth[:, 10 + k :] = 1.0
            writer.append(10**9 + k, Picture(depth, 'optical', camera))
    model = write_model(tmp_path / 'tiny.onnx', scale=2)
    report = run_demo(
        variants(
            source=str(tmp_path / 'walk'), engine='onnxruntime', scale=None, model=str(model)
        ),
        os.environ,
        quietly,
    )
    assert (report['scale'], report['degrade']) == (2, 'valid_median_x2')
    assert (report['input_size'], report['output_size']) == ([16, 12], [32, 24])
    assert report['frames_out'] > 0
    assert report['scored_frames'] > 0
    assert report['rmse_cm']['model'] == pytest.approx(report['rmse_cm']['nearest'])


def test_python_without_ros_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr('cdst_ros.nodes.watch.find_spec', lambda name: None)
    with pytest.raises(RunError, match='source a ROS 2 installation'):
        run_demo(SMALL, os.environ, quietly)


def test_missing_model_is_told_before_anything_starts():
    with pytest.raises(ModelError, match='neither a shipped model'):
        run_demo(variants(engine='auto', model='no_such_model'), os.environ, quietly)


def test_scale_against_the_model_is_refused(tmp_path):
    model = write_model(tmp_path / 'tiny.onnx', scale=2)
    with pytest.raises(ValueError, match='enlarges by 2, not by 3'):
        run_demo(variants(engine='auto', model=str(model), scale=3), os.environ, quietly)


def test_child_that_refuses_ends_the_demo_with_its_words():
    with pytest.raises(RunError, match=r'camera(.|\n)*does not exist'):
        run_demo(variants(source='/nowhere', degrade='none'), os.environ, quietly)
    assert not nodes_of(os.getpid())


def test_child_that_dies_ends_the_demo():
    def kill_superres(doing: str, done: int, total: int) -> None:
        if doing != 'running':
            return
        for pid in nodes_of(os.getpid()):
            if b'superres_node' in Path(f'/proc/{pid}/cmdline').read_bytes():
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(RunError, match='superres node ended early'):
        run_demo(variants(duration_s=60.0), os.environ, kill_superres)
    assert not nodes_of(os.getpid())


def test_environment_keeps_what_the_user_has_chosen():
    variables, told = run_environment({'PATH': '/bin', 'ROS_DISTRO': 'kilted'})
    assert variables['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert variables['FASTDDS_DEFAULT_PROFILES_FILE'].endswith('fastdds.xml')
    assert 0 < int(variables['ROS_DOMAIN_ID']) <= 101
    assert 'ROS_LOCALHOST_ONLY' not in variables
    assert told['transport_profile'] == 'fastdds.xml'
    chosen = {
        'ROS_DOMAIN_ID': '42',
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
        'FASTRTPS_DEFAULT_PROFILES_FILE': '/mine.xml',
    }
    variables, told = run_environment(chosen)
    assert {name: variables[name] for name in chosen} == chosen
    assert 'FASTDDS_DEFAULT_PROFILES_FILE' not in variables
    assert told['domain_id'] == '42'
    assert run_environment({'ROS_DISTRO': 'humble'})[0]['ROS_LOCALHOST_ONLY'] == '1'


def test_command_prints_a_table_and_writes_json(tmp_path):
    done = subprocess.run(
        [*COMMAND, *ARGUMENTS, '--duration', '0.5', '--json', 'd.json'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / 'd.json').read_text())
    assert f'{report["frames_out"]} out of {report["frames_in"]}' in done.stdout
    assert 'RMSE' in done.stdout
    assert (tmp_path / 'cdst_demo.png').is_file()


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--size', 'large'], '160x120'),
        (['--source', '/nowhere'], 'does not exist'),
        (['--engine', 'auto', '--model', 'no_such_model'], 'no_such_model'),
    ],
)
def test_command_fails_with_a_reason(arguments, said, tmp_path):
    done = subprocess.run(
        [*COMMAND, *ARGUMENTS, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(signum, tmp_path):
    process = subprocess.Popen(
        [*COMMAND, *ARGUMENTS, '--duration', '300'],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: len(nodes_of(process.pid)) == 3)
        nodes = nodes_of(process.pid)
        process.send_signal(signum)
        began = time.monotonic()
        process.communicate(timeout=60)
        assert process.returncode != 0
        wait_until(lambda: all(gone(pid) for pid in nodes))
        assert time.monotonic() - began < 30
    finally:
        process.kill()
