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
"""Counts of frames, by thread and by span of time."""

import threading

from cdst_ros.recordings.collecting.rejection import Reason
from cdst_ros.recordings.collecting.tally import Tally


def test_what_was_counted_since_a_moment():
    tally = Tally()
    for _ in range(3):
        tally.offer()
    tally.keep()
    tally.drop(Reason.DARK)
    before = tally.counts()
    assert before == (3, 1, {'dark colour': 1})
    tally.offer()
    tally.drop(Reason.STALE)
    assert tally.counts().since(before) == (1, 0, {'stale': 1})


def test_no_count_is_lost_among_threads():
    tally = Tally()

    def count():
        for _ in range(2000):
            tally.offer()
            tally.drop(Reason.BUSY)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.counts() == (8000, 0, {'writer busy': 8000})
