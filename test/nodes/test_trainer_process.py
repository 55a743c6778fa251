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
"""The trainer node as a process: how it starts, how it ends, and what it needs."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import node_processes, read_until

from cdst_ros.recordings.reader import Recording


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    with node_processes('trainer_node') as start_process:

        def with_parameters(**parameters: object) -> subprocess.Popen:
            values = {'recording': tmp_path / 'recording', 'learning': tmp_path / 'learning'}
            given = (f'{name}:={value}' for name, value in {**values, **parameters}.items())
            return start_process(*(word for one in given for word in ('-p', one)))

        yield with_parameters


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM])
def test_ends_cleanly_and_closes_its_recording(start, tmp_path, signum):
    process = start(collect='true')
    read_until(process, 'collecting into')
    process.send_signal(signum)
    assert process.wait(30) == 0
    assert 'Traceback' not in process.stderr.read()
    assert Recording(tmp_path / 'recording').sequences[0].entry.ended


def test_refuses_to_start_where_it_cannot_record(start, tmp_path):
    (tmp_path / 'file').write_text('')
    process = start(collect='true', recording=tmp_path / 'file' / 'recording')
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'cannot activate' in said
    assert 'Not a directory' in said


def test_a_robot_that_collects_needs_neither_bags_nor_networks():
    told = 'import sys, cdst_ros.nodes.trainer_node; print(*sys.modules)'
    command = [sys.executable, '-c', told]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert not {'rosbags', 'mcap', 'torch', 'onnx', 'matplotlib'} & set(loaded)
