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
"""The lock of a folder of jobs: one holds it, any number may look."""

import os
import subprocess
import sys
import threading

import pytest

from cdst_ros.learning.alone import alone, is_taken


def test_one_holds_it_and_others_see_that(tmp_path):
    assert not is_taken(tmp_path)
    with alone(tmp_path) as held:
        assert held is not None
        assert is_taken(tmp_path)
        with alone(tmp_path) as second:
            assert second is None
    assert not is_taken(tmp_path)


def test_another_process_sees_it_and_one_that_has_inherited_it_holds_it(tmp_path):
    look = f'from pathlib import Path; from cdst_ros.learning.alone import is_taken; \
print(is_taken(Path({str(tmp_path)!r})))'
    with alone(tmp_path) as held:
        command = [sys.executable, '-c', look]
        assert subprocess.run(command, capture_output=True, check=True).stdout == b'True\n'
        child = subprocess.Popen(['cat'], stdin=subprocess.PIPE, pass_fds=(held,))
    assert is_taken(tmp_path)
    child.communicate()
    assert not is_taken(tmp_path)


def test_looking_disturbs_nobody(tmp_path):
    (tmp_path / 'lock').touch()
    all_look, ended = threading.Barrier(3), threading.Event()
    seen = set()

    def look():
        all_look.wait()
        while not ended.is_set():
            seen.add(is_taken(tmp_path))

    others = [threading.Thread(target=look) for _ in range(2)]
    for other in others:
        other.start()
    all_look.wait()
    found = {is_taken(tmp_path) for _ in range(2000)}
    ended.set()
    for other in others:
        other.join()
    assert found | seen == {False}


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write anywhere')
def test_who_looks_needs_no_right_to_write(tmp_path):
    with alone(tmp_path):
        os.chmod(tmp_path / 'lock', 0o444)
        assert is_taken(tmp_path)
