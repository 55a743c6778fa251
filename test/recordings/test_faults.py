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
"""
What a recording is after a kill, or a refusal of the disk, at every single step of a frame.

The steps are the calls that reach the disk (fsync, replace), failed one after the other by
exchanging them; test_writer.py kills real processes and fills a real disk at random moments.
"""

import errno
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.errors import RecordingWriteError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.verify import verify
from cdst_ros.recordings.writer import Picture, RecordingWriter

from .walks import CAMERA, HIGH_CAMERA, SECOND

NOBODY = 65534


class KilledError(BaseException):
    """Nothing catches it, so that all is left as a kill leaves it."""


@contextmanager
def failing(step, error, *, ever_after=False):
    """Fail the ``step``-th call that reaches the disk; tell whether it came to that."""
    calls = {'fsync': os.fsync, 'replace': os.replace}
    count = [0]

    def counted(name):
        def call(*args):
            count[0] += 1
            if count[0] == step or (count[0] > step and ever_after):
                raise error()
            return calls[name](*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in calls:
            patch.setattr(os, name, counted(name))
        yield lambda: count[0] >= step


def append(writer, stamp):
    depth = np.full((12, 16), 1000 + stamp, np.uint16)
    high = np.full((48, 64), 1000 + stamp, np.uint16)
    writer.append(
        stamp * SECOND,
        Picture(depth, 'tof', CAMERA),
        Picture(np.full((48, 64, 3), 90, np.uint8), 'rgb', HIGH_CAMERA),
        Picture(high, 'lidar', HIGH_CAMERA),
    )


def session(path):
    """Do all that a writer can do; yield the number of frames that are promised."""
    writer = RecordingWriter(path, append=True)
    writer.begin_sequence('walk')
    yield len(writer)
    append(writer, 11)
    yield len(writer)
    writer.note(noise=MeasuredNoise(NoiseModel(0.001)), offered=4, dropped={'dark': 3})
    append(writer, 12)
    yield len(writer)
    append(writer, 2)  # the clock was set back
    yield len(writer)
    writer.begin_sequence('hall')
    append(writer, 3)
    yield len(writer)
    writer.close()


@pytest.mark.parametrize('before', [0, 2])
def test_a_kill_at_any_step_loses_at_most_the_frame_in_hand(tmp_path, before):
    for step in range(1, 100):
        folder = tmp_path / str(step)
        if before:
            with RecordingWriter(folder) as writer:
                for stamp in range(1, before + 1):
                    append(writer, stamp)
        promised = before
        with failing(step, KilledError, ever_after=True) as failed:
            try:
                for count in session(folder):
                    promised = count
            except KilledError:
                pass  # the writer is gone without a word, and the lock with it
        if not failed():
            assert step > 30, 'so many steps there are at least'
            assert promised == before + 4
            return
        if not (folder / 'recording.json').exists():
            assert not before
            continue
        found = verify(folder)
        assert found.problems == []
        assert promised <= found.frames <= promised + 1
        with RecordingWriter(folder, append=True) as writer:
            append(writer, 50)
        assert verify(folder).problems == []
        assert len(Recording(folder)) == found.frames + 1
    pytest.fail('the session never came to its end')


@pytest.mark.parametrize('code', [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_at_any_step_is_told_and_loses_that_frame_only(tmp_path, code):
    for step in range(1, 40):
        folder = tmp_path / str(step)
        with RecordingWriter(folder) as writer:
            append(writer, 1)
            writer.note(offered=1)
            with failing(step, lambda: OSError(code, os.strerror(code))) as failed:
                try:
                    append(writer, 2)
                    writer.note(offered=2)
                except RecordingWriteError as error:
                    told = str(error)
            kept = len(writer)
            append(writer, 3)
        found = verify(folder)
        assert (found.frames, found.problems, found.notes) == (kept + 1, [], [])
        if not failed():
            assert step > 8
            return
        assert kept == 2 or told.startswith('frame 1 could not be written to')
        assert f'The {kept} frames before it are safe' in told
        assert os.strerror(code) in told
        assert ('Free some space' in told) == (code == errno.ENOSPC)


@contextmanager
def somebody_else():
    """Be a user who may not write what root made, where we are root."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    """Every user may look into it, which is not so of pytest's own folders."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_may_not_be_written_is_told_with_the_remedy(open_folder):
    with RecordingWriter(open_folder / 'r') as writer:
        append(writer, 1)
    for path in [open_folder, *open_folder.rglob('*')]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    said = 'Permission denied. Make the folder writable for this user'
    with somebody_else():
        for name in ('r', 'new'):
            with pytest.raises(RecordingWriteError) as caught:
                RecordingWriter(open_folder / name, append=True)
            assert said in str(caught.value)
        assert verify(open_folder / 'r').sound, 'reading needs no right to write'
    open_folder.chmod(0o755)
    for path in open_folder.rglob('*'):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_rights_that_are_taken_away_meanwhile_cost_no_frame_that_was_kept(open_folder):
    with RecordingWriter(open_folder / 'r') as writer:
        append(writer, 1)
        (open_folder / 'r' / 'color').chmod(0o555)
        with somebody_else(), pytest.raises(RecordingWriteError, match='Permission denied'):
            append(writer, 2)
        (open_folder / 'r' / 'color').chmod(0o755)
        append(writer, 3)
    assert [f.stamp_ns // SECOND for f in Recording(open_folder / 'r')] == [1, 3]
    assert verify(open_folder / 'r').sound
