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
import threading

import numpy as np
import pytest

from cdst_ros.evaluation.sources import SourceFrame
from cdst_ros.evaluation.writing import WritingThread


class Notebook:
    """A sink that remembers, and fails where it is told to."""

    def __init__(self, fails_on=None):
        self.notes = ['a note']
        self.written = []
        self.threads = {threading.get_ident()}
        self.closed = False
        self._fails_on = fails_on

    def add(self, frame, depth, camera, encoding):
        self.threads.add(threading.get_ident())
        if frame.name == self._fails_on:
            raise OSError('the disk is full')
        self.written.append((frame.name, float(depth[0, 0]), encoding))

    def close(self):
        self.threads.add(threading.get_ident())
        self.closed = True


def frame(name):
    return SourceFrame(str(name), np.zeros((1, 1), np.float32), '16UC1')


def test_frames_are_written_in_order_whole_and_by_one_other_thread():
    made = []

    def make():
        made.append(Notebook())
        return made[0]

    depth = np.zeros((2, 2), np.float32)
    with WritingThread(make) as writing:
        assert made == []
        for number in range(50):
            depth[:] = number
            writing.add(frame(number), depth, None, '32FC1')
            depth[:] = -1
    (sink,) = made
    assert sink.written == [(str(n), float(n), '32FC1') for n in range(50)]
    assert sink.closed
    assert len(sink.threads) == 1
    assert threading.get_ident() not in sink.threads
    assert writing.notes == ['a note']


@pytest.mark.parametrize('fails_on', ['0', '5', '49'])
def test_a_disk_that_refuses_is_told(fails_on):
    sink = Notebook(fails_on)
    depth = np.zeros((1, 1), np.float32)

    def write():
        with WritingThread(lambda: sink) as writing:
            for number in range(50):
                writing.add(frame(number), depth, None, '16UC1')

    with pytest.raises(OSError, match='the disk is full'):
        write()
    assert not sink.closed
    assert all(not thread.name.startswith('writing') for thread in threading.enumerate())


def test_without_a_frame_no_sink_is_made():
    with WritingThread(lambda: pytest.fail('made')) as writing:
        pass
    assert writing.notes == []
