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
"""The superres node as a process: how it starts, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import rclpy
from graph import PATIENCE_S, camera, image, info, wall
from lifecycle_msgs.srv import GetState
from processes import node_processes, read_until
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo, Image

BICUBIC = ['-p', 'engine:=bicubic', '-p', 'scale:=2']


@pytest.fixture
def start() -> Iterator:
    with node_processes('superres_node') as start_process:
        yield start_process


def stream_through(namespace: str) -> None:
    """Send frames until one comes back, and go on a little."""
    user = rclpy.create_node('user', namespace=namespace)
    executor = SingleThreadedExecutor()
    executor.add_node(user)
    received = []
    user.create_subscription(Image, 'depth_hr/image_raw', received.append, 5)
    depth = user.create_publisher(Image, 'depth/image_raw', 5)
    infos = user.create_publisher(CameraInfo, 'depth/camera_info', 5)
    end = time.monotonic() + PATIENCE_S
    stamp = 1.0
    while len(received) < 3:
        assert time.monotonic() < end
        stamp += 0.05
        infos.publish(info(camera(), stamp))
        depth.publish(image(wall(), stamp))
        executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    user.destroy_node()


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('streaming', [False, True])
def test_a_signal_ends_it_cleanly(start, signum, streaming):
    namespace = f'/process_{signum.name}_{streaming}'.lower()
    process = start('-r', f'__ns:={namespace}', *BICUBIC)
    read_until(process, 'is ready')
    if streaming:
        stream_through(namespace)
    process.send_signal(signum)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert 'Traceback' not in err


def test_a_second_signal_does_not_break_the_first(start):
    process = start('-r', '__ns:=/process_twice', *BICUBIC)
    read_until(process, 'is ready')
    for signum in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        process.send_signal(signum)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert 'Traceback' not in err


@pytest.mark.parametrize(
    ('arguments', 'parts'),
    [
        (['-p', 'engine:=bicubc'], ['cannot configure', 'use one of auto']),
        ([*BICUBIC, '-p', 'max_depth:=5000.0'], ['refuses to start', 'max_depth']),
        ([*BICUBIC, '-p', 'depth_scale:=mm'], ['refuses to start', 'depth_scale']),
    ],
)
def test_bad_configuration_is_refused_with_exit_code_1(start, arguments, parts):
    process = start(*arguments)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert 'Traceback' not in err
    for part in parts:
        assert part in err


def test_waits_for_a_lifecycle_manager_without_autostart(start):
    process = start('-r', '__ns:=/process_managed', '-p', 'autostart:=false', *BICUBIC)
    user = rclpy.create_node('manager', namespace='/process_managed')
    client = user.create_client(GetState, 'superres/get_state')
    assert client.wait_for_service(PATIENCE_S)
    future = client.call_async(GetState.Request())
    rclpy.spin_until_future_complete(user, future, SingleThreadedExecutor(), PATIENCE_S)
    assert future.result().current_state.label == 'unconfigured'
    user.destroy_node()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize('moment', ['configuring', 'up', 'spinning'])
def test_a_context_shut_down_by_someone_else_ends_it_cleanly(moment):
    """As a launch system that hosts the process does, from a thread of its own."""
    code = (
        'import rclpy, sys, threading\n'
        'from cdst_ros.nodes import superres_node\n'
        'from cdst_ros.nodes.process import run\n'
        'def shut_down(after=0.0):\n'
        '    thread = threading.Timer(after, rclpy.try_shutdown)\n'
        '    thread.start()\n'
        '    return thread\n'
        'open_tried = superres_node.open_tried\n'
        'def interrupted(*choice, **sizes):\n'
        '    shut_down().join()\n'
        '    return open_tried(*choice, **sizes)\n'
        'if sys.argv[1] == "configuring":\n'
        '    superres_node.open_tried = interrupted\n'
        'def start(node):\n'
        '    started = node.start()\n'
        '    if sys.argv[1] == "up":\n'
        '        shut_down().join()\n'
        '    if sys.argv[1] == "spinning":\n'
        '        node.create_timer(0.1, lambda: shut_down(0.1))\n'
        '    return started\n'
        'parameters = "--ros-args -p engine:=bicubic -p scale:=2".split()\n'
        'sys.exit(run(superres_node.SuperresNode, start, args=["x", *parameters]))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, moment],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'Traceback' not in done.stderr
