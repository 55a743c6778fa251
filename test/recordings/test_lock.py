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
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.lock import open_alone
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.writer import RecordingWriter

HOLD = """
import sys
from cdst_ros.recordings.writer import RecordingWriter
with RecordingWriter(sys.argv[1], append=True):
    print('held', flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_within_a_process(tmp_path):
    first = RecordingWriter(tmp_path / 'r')
    with pytest.raises(RecordingError, match=rf'this process \({os.getpid()}\) is writing to'):
        RecordingWriter(tmp_path / 'r', append=True)
    first.close()
    RecordingWriter(tmp_path / 'r', append=True).close()


def test_the_process_that_writes_is_named_and_its_death_frees_the_recording(tmp_path):
    folder = tmp_path / 'r'
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout.readline() == b'held\n'
        said = rf'another process, {process.pid} \(".*python.*\), is writing to {folder}'
        with pytest.raises(RecordingError, match=said):
            RecordingWriter(folder, append=True)
        assert len(Recording(folder)) == 0, 'reading needs no lock'
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    RecordingWriter(folder, append=True).close()


def test_a_holder_that_the_kernel_does_not_list_is_told_of_too(tmp_path, monkeypatch):
    monkeypatch.setattr('cdst_ros.recordings.lock._LOCKS', tmp_path / 'absent')
    with (
        RecordingWriter(tmp_path / 'r'),
        pytest.raises(RecordingError, match='another process, perhaps in another container'),
    ):
        RecordingWriter(tmp_path / 'r', append=True)


def test_a_file_that_was_put_in_place_of_another_is_the_one_that_is_locked(tmp_path, monkeypatch):
    (tmp_path / 'frames.jsonl').write_bytes(b'old\n')
    (tmp_path / 'new').write_bytes(b'new\n')
    import fcntl

    take = fcntl.flock

    def replaced_meanwhile(file, how):
        if (tmp_path / 'new').exists():
            os.replace(tmp_path / 'new', tmp_path / 'frames.jsonl')
        take(file, how)

    monkeypatch.setattr('cdst_ros.recordings.lock.fcntl.flock', replaced_meanwhile)
    frames = open_alone(tmp_path)
    frames.append(b'mine\n')
    frames.close()
    assert (tmp_path / 'frames.jsonl').read_bytes() == b'new\nmine\n'
