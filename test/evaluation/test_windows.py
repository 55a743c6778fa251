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
from __future__ import annotations

import numpy as np
import pytest

from cdst_ros.evaluation.windows import Window, depth_edges, edge_windows


@pytest.fixture
def two_boxes():
    depth = np.full((80, 120), 3.0, np.float32)
    depth[10:30, 10:30] = 1.0
    depth[50:70, 80:100] = 1.5
    return depth


def test_a_window_cuts_input_and_output_alike():
    window, low = Window(3, 1, 4, 2), np.arange(40).reshape(5, 8)
    np.testing.assert_array_equal(window.cut(low), low[1:3, 3:7])
    high = np.kron(low, np.ones((3, 3), int))
    np.testing.assert_array_equal(window.cut(high, 3)[::3, ::3], window.cut(low))


def test_edges_are_steps_between_known_pixels():
    depth = np.full((6, 8), 2.0, np.float32)
    depth[:, 4:] = 3.0
    depth[0] = np.nan
    edges = depth_edges(depth)
    assert edges[1:, 3:5].all()
    assert not edges[:, :3].any()
    assert not edges[0].any()


def test_windows_show_the_edges_and_not_the_same_twice(two_boxes):
    windows = edge_windows(two_boxes, scale=4, count=2, share=0.25)
    assert len(windows) == 2
    for window in windows:
        assert depth_edges(two_boxes)[window.slices(4)].any()
        assert (window.width, window.height) == (8, 5)
    (a, b) = windows
    assert abs(a.left - b.left) >= a.width or abs(a.top - b.top) >= a.height


def test_windows_lie_within_the_image():
    depth = np.full((64, 64), 3.0, np.float32)
    depth[-3:, -3:] = 1.0
    for window in edge_windows(depth, scale=2, count=3, share=0.2):
        rows, columns = window.slices(2)
        assert 0 <= rows.start < rows.stop <= 64
        assert 0 <= columns.start < columns.stop <= 64


def test_without_edges_there_is_no_window():
    assert edge_windows(np.full((40, 40), 2.0, np.float32), 2, 3, 0.2) == []
    assert edge_windows(np.full((40, 40), np.nan, np.float32), 2, 3, 0.2) == []
