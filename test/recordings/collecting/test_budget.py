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
"""Budgets: what is too much, and what to do then."""

import pytest

from cdst_ros.recordings.collecting.budget import Budget
from cdst_ros.recordings.collecting.rejection import Reason

BUDGET = Budget(frames=100, gigabytes=2.0, disk_gigabytes=5.0)


@pytest.mark.parametrize(
    ('frames', 'size', 'free', 'says'),
    [
        (99, 1_999_999_999, 5_000_000_000, None),
        (99, 0, None, None),
        (100, 0, 9e9, 'has 100 frames, and max_frames is 100'),
        (0, 2_000_000_000, 9e9, 'has 2 GB, and max_gigabytes is 2'),
        (0, 0, 4_990_000_000, '4.99 GB are left on the disk'),
    ],
)
def test_what_is_exceeded_is_said(frames, size, free, says):
    found = BUDGET.exceeded(frames, size, free)
    assert (found is None) == (says is None)
    if found is not None:
        assert found.reason is Reason.OVER_BUDGET
        assert says in found.text


def test_nothing_limits_nothing():
    assert Budget().exceeded(10**9, 10**15, 0) is None
