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
"""The picture puts every image on common scales and shows the unknown as unknown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cdst_ros.evaluation import picture
from cdst_ros.evaluation.colours import UNKNOWN
from cdst_ros.evaluation.picture import draw_comparison

GREY = np.array(UNKNOWN, np.uint8)


def step(height: int = 48, width: int = 64) -> np.ndarray:
    """Return a wall at 3 m with a post at 1 m (H, W)."""
    depth = np.full((height, width), 3.0, np.float32)
    depth[10:40, 40:48] = 1.0
    return depth


def low_of(truth: np.ndarray, scale: int = 4) -> np.ndarray:
    return np.ascontiguousarray(truth[::scale, ::scale])


def panel(page: np.ndarray, row: int, column: int, truth: np.ndarray) -> np.ndarray:
    """Return one of the panels, found from the lower right corner, which no title moves."""
    width = picture._PANEL_WIDTH
    height = round(width * truth.shape[0] / truth.shape[1])
    bottom = page.shape[0] - picture._MARGIN - (2 - row) * (height + picture._GAP)
    if row < 2:  # the last row has labels above it
        bottom -= picture._LABEL + 10
    left = picture._MARGIN + column * (width + picture._GAP)
    return page[bottom - height : bottom, left : left + width]


def test_equal_depths_have_equal_colours_in_every_panel():
    truth = step()
    page = draw_comparison(low_of(truth), {'a': truth.copy(), 'b': truth.copy()}, truth)
    colours = [panel(page, 0, column, truth)[5, 5] for column in range(4)]
    assert all((colour == colours[0]).all() for colour in colours)
    near = panel(page, 0, 3, truth)[180, 320]
    assert (near != colours[0]).any()


def test_perfect_method_has_no_error_and_a_wrong_one_has():
    truth = step()
    wrong = truth + 0.5
    page = draw_comparison(low_of(truth), {'right': truth.copy(), 'wrong': wrong}, truth)
    black = panel(page, 2, 1, truth)
    white = panel(page, 2, 2, truth)
    assert black.mean() < 5
    assert white.mean() > 100


def test_unknown_depth_is_grey_in_its_view_and_in_its_error():
    truth = step()
    holed = truth.copy()
    holed[:, :8] = np.nan
    page = draw_comparison(low_of(truth), {'holed': holed}, truth)
    assert (panel(page, 0, 1, truth)[5, 5] == GREY).all()
    assert (panel(page, 2, 1, truth)[5, 5] == GREY).all()
    assert (panel(page, 0, 2, truth)[5, 5] != GREY).any()


@pytest.mark.parametrize('shape', [(48, 64), (64, 48), (9, 7), (3, 200)])
def test_any_shape_can_be_drawn(shape):
    truth = np.full(shape, 2.0, np.float32)
    page = draw_comparison(truth[::2, ::2], {'bicubic': truth, 'ours': truth}, truth, 'title', 'n')
    assert page.dtype == np.uint8
    assert page.shape[1] == 2 * picture._MARGIN + 4 * picture._PANEL_WIDTH + 3 * picture._GAP


def test_nothing_known_can_be_drawn():
    unknown = np.full((20, 30), np.nan, np.float32)
    page = draw_comparison(unknown[::2, ::2], {'ours': unknown}, unknown)
    assert (panel(page, 0, 2, unknown) == GREY).mean() > 0.8


def test_title_is_written_above_the_panels():
    truth = step()
    plain = draw_comparison(low_of(truth), {'ours': truth}, truth)
    titled = draw_comparison(low_of(truth), {'ours': truth}, truth, 'title')
    added = titled.shape[0] - plain.shape[0]
    assert added > 0
    assert (titled[:added] != np.array(picture._PAPER)).any()


def test_sizes_that_differ_are_refused():
    truth = step()
    with pytest.raises(ValueError, match='draw equals'):
        draw_comparison(low_of(truth), {'ours': truth[:-1]}, truth)


def test_cut_shows_the_edge_and_not_the_hole():
    truth = np.full((100, 200), 3.0, np.float32)
    truth[:, 150:] = 1.0
    truth[:, :60] = np.nan
    left, _, width, _ = picture._edge_cut(truth)
    assert left < 0.75 < left + width


def test_text_is_drawn_by_the_opencv_of_the_floor():
    image = np.full((30, 200, 3), 255, np.uint8)
    picture._write(image, 'RMSE 1.2 cm', (3, 4), 16)
    assert (image < 128).any()
    assert cv2.getTextSize('x', picture._FONT, 1.0, 1)[0][0] > 0
