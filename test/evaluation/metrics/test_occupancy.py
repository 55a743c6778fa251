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
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.evaluation.metrics.occupancy import Occupancy, occupancy_figures, occupied_cells
from cdst_ros.evaluation.metrics.sums import add_up

from .worlds import camera_of, step


def figures(reference, output, camera):
    made = occupancy_figures(add_up([Occupancy.of(reference, camera).sums(output)]))
    return float(made['occupancy_f1']), float(made['phantom_cells'])


def row(*depths):
    """Return a depth image of one row whose columns look along x = -1, 0, 1, ..."""
    return np.array([depths], np.float32)


CAMERA = camera_of(row(1, 1, 1), focal=1.0)


def test_by_hand():
    # Points (-z, 0, z), (0, 0, z), (z, 0, z): each in a cell of its own.
    reference = row(1.02, 1.02, 1.02)
    output = row(1.02, 1.07, 1.52)
    sums = Occupancy.of(reference, CAMERA).sums(output)
    assert sums == {
        'cells_both': 1,
        'cells_output': 3,
        'cells_reference': 3,
        'cells_phantom': 1,
        'cells_frames': 1,
    }
    # The middle one lies one cell behind a cell of the reference: no match, but no phantom.
    assert figures(reference, output, CAMERA) == (2 * 1 / (3 + 3), 1)


def test_nobody_can_tell_where_the_reference_is_unknown():
    reference = row(np.nan, 1.02, 1.02)
    assert figures(reference, row(3.0, 1.02, np.nan), CAMERA) == (2 * 1 / (2 + 1), 0)


def test_frames_are_pooled_by_cell_and_phantoms_told_a_frame():
    frames = [(row(1.02, 1.02, 1.02),) * 2, (row(1.02, 1.02, 1.02), row(2.02, 2.02, 2.02))]
    totals = add_up([Occupancy.of(r, CAMERA).sums(o) for r, o in frames])
    made = occupancy_figures(totals)
    assert float(made['occupancy_f1']) == 2 * 3 / (6 + 6)
    assert float(made['phantom_cells']) == 1.5


def test_what_hangs_between_surfaces_is_phantom():
    reference = step(height=48, width=64, near=1.0, far=3.0, at=32)
    output = reference.copy()
    output[:, 31] = 2.0
    camera = camera_of(reference)
    assert figures(reference, reference, camera) == (1, 0)
    assert figures(reference, output, camera)[1] == len(
        occupied_cells(np.where(output == 2.0, output, np.float32(np.nan)), camera)
    )


def test_a_camera_of_another_image_is_refused():
    with pytest.raises(ValueError, match='its camera'):
        Occupancy.of(step(), CAMERA)


@given(st.lists(st.tuples(*[st.floats(-30, 30)] * 2, st.floats(0.1, 30)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=50)
def test_cells_are_those_counted_plainly(points):
    # One column of image a point, each with a camera ray of its own: x/z is what its column says.
    for x, y, z in points:
        camera = camera_of(np.zeros((1, 1)), 1.0)
        object.__setattr__(camera, 'p', (1.0, 0, x / z, 0, 0, 1.0, y / z, 0, 0, 0, 1, 0))
        depth = np.full((1, 1), z, np.float32)
        point = camera.back_project(depth)[0, 0] / np.float32(0.05)
        expected = np.floor(point).astype(np.int64) + 2**19
        (cell,) = occupied_cells(depth, camera)
        assert [cell >> 40, (cell >> 20) % 2**20, cell % 2**20] == expected.tolist()
