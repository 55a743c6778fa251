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
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.color_warp import ColorWarp
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.lens import Lens
from cdst_ros.depth.registration import RegistrationError, register
from cdst_ros.synthetic import CameraPath, indoor_scene, render

from .views import bent, beside, camera, picture, truly_seen

HALF_PIXEL = GridAlignment.HALF_PIXEL
#: As the factory calibrates the depth camera of an Azure Kinect, and a fisheye.
LENSES = {
    'barrel': bent(-0.25),
    'pincushion': bent(0.15),
    'rational': replace(
        bent(0.0),
        distortion_model='rational_polynomial',
        d=(5.3, 3.5, 1e-4, 1e-4, 0.18, 5.6, 5.2, 0.98),
    ),
    'fisheye': replace(bent(0.0), distortion_model='equidistant', d=(0.1, 0.02, 0.0, 0.0)),
}


def slopes(color):
    """Return how steep grey is, (H, W)."""
    grey = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))


@pytest.mark.parametrize('seed', [1, 2])
def test_edges_lie_where_the_depth_camera_has_them(seed):
    rng = np.random.default_rng(seed)
    scene = indoor_scene(rng)
    pose = CameraPath.through(scene, rng).pose(2.0)
    depth_camera, color_camera = camera(60, 45, 53.0), camera(240, 180, 218.0)
    to_color = beside(0.03, 0.005, degrees=2.0)
    grid = depth_camera.scaled(4, HALF_PIXEL)
    color = render(scene, color_camera, pose @ np.linalg.inv(to_color)).color
    truth = render(scene, grid, pose)
    low = render(scene, depth_camera, pose, color=False).depth
    expected = truly_seen(scene, pose, truth.depth, (grid, color_camera), to_color)

    found = ColorWarp(depth_camera, color_camera, to_color, scale=4)(color, low)
    slow = register(color, color_camera, low, depth_camera, to_color, output=grid)
    seen = found.any(axis=-1)
    assert np.mean(seen & ~expected) < 0.02
    # At the border of the colour image whole pixels of depth are given up, and those are large.
    assert np.mean(expected & ~seen) < 0.07
    off = np.abs(found.astype(int) - truth.color).max(axis=-1)
    assert np.median(off[seen]) <= 5
    # Near edges, outlines are as good as those of the slow way, which knows the same.
    spread = cv2.dilate(truth.depth, np.ones((9, 9))) - cv2.erode(truth.depth, np.ones((9, 9)))
    close = cv2.erode(((spread > 0.1) & seen & slow.seen).astype(np.uint8), np.ones((3, 3))) > 0
    alike, slowly = (
        np.corrcoef(slopes(one)[close], slopes(truth.color)[close])[0, 1]
        for one in (found, slow.rgb)
    )
    assert alike > slowly - 0.02
    shifted = np.roll(slopes(found), 2, axis=1)
    assert alike > 0.2 + np.corrcoef(shifted[close], slopes(truth.color)[close])[0, 1]


@pytest.mark.parametrize('alignment', list(GridAlignment))
@pytest.mark.parametrize('ratio', [0.6, 1.0, 2.0])
@settings(deadline=None, max_examples=20)
@given(st.floats(0.5, 6.0), st.tuples(*[st.floats(-0.1, 0.1)] * 2), st.sampled_from([1, 2, 4]))
def test_a_wall_is_moved_by_the_parallax_alone(alignment, ratio, z, aside, scale):
    right, down = aside
    one = camera(48, 36, 45.0)
    theirs = camera(round(48 * ratio), round(36 * ratio), 45.0 * ratio)
    v, u = np.mgrid[: theirs.height, : theirs.width] / ratio
    # Colour is linear in the pixel, so that sampling between pixels is exact.
    color = np.rint(np.stack([40 + 2 * u, 60 + 2 * v, 0 * u], axis=-1)).astype(np.uint8)
    to_color = beside(right, down)
    warp = ColorWarp(one, theirs, to_color, scale=scale, alignment=alignment)
    found = warp(color, np.full((36, 48), z, np.float32))
    grid = one.scaled(scale, alignment)
    rows, columns = np.nonzero(found.any(axis=-1))
    pixels = np.stack([columns, rows], axis=-1)
    points = grid.back_project_pixels(pixels, np.full(len(pixels), z)) + to_color[:3, 3]
    at = theirs.project(points) / ratio
    away = ((at > 1 / ratio) & (at < (47 - 2 / ratio, 35 - 2 / ratio))).all(axis=-1)
    # The outermost pixels of the grid have no depth on one side.
    step = scale + 1
    inner = ((pixels >= step) & (pixels < (grid.width - step, grid.height - step))).all(axis=-1)
    off = found[rows, columns, :2] - (at * 2 + (40, 60))
    assert np.abs(off[away & inner]).max(initial=0) < 1.2 + 1 / ratio
    assert (found[rows, columns, 2][away] == 1).all(), 'black is not nothing'
    inside = np.s_[8 * scale : -8 * scale, 12 * scale : -12 * scale]
    if max(abs(right), abs(down)) * 45 / z < 6:
        assert found.any(axis=-1)[inside].all(), 'a wall hides nothing of itself'


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([-0.2, -0.01, 0.01, 0.2]), st.sampled_from([1, 3]))
def test_holes_and_what_is_outside_are_never_seen(seed, right, scale):
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0.3, 4.0, (24, 32)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.3] = np.nan
    one = camera(32, 24, 30.0)
    to_color = beside(right)
    color = picture(24, 32, seed)
    found = ColorWarp(one, one, to_color, scale=scale)(color, depth).any(axis=-1)
    unknown = np.isnan(depth).repeat(scale, 0).repeat(scale, 1)
    assert not found[unknown].any()
    with np.errstate(invalid='ignore'):
        farthest = np.arange(32) - 30 * right / np.array([[0.3], [4.0]])
        outside = ((farthest < -1.5).all(axis=0)) | ((farthest > 32.5).all(axis=0))
    assert not found[:, outside.repeat(scale)].any()
    assert not ColorWarp(one, one, to_color, scale=scale)(color, np.full_like(depth, np.nan)).any()


@pytest.mark.parametrize('thick', [3, 2])
@pytest.mark.parametrize('scale', [1, 4])
def test_what_a_rod_hides_is_not_given_its_colour(thick, scale):
    depth = np.full((48, 80), 3.0, np.float32)
    depth[:, 40 : 40 + thick] = 1.0
    one = camera(80, 48, 70.0)
    # What the colour camera sees: at 1 m points move 7 px to the left, at 3 m by 7 / 3.
    color = np.full((48, 80, 3), 50, np.uint8)
    color[:, 33 : 33 + thick] = 200
    found = ColorWarp(one, one, beside(right=0.1), scale=scale)(color, depth)
    middle = found[24 * scale]
    at = (np.arange(80 * scale) + 0.5) / scale - 0.5
    rod = np.abs(at - (40 + (thick - 1) / 2)) < thick / 2 - 0.5
    assert (middle[rod] > 150).all()
    # Hidden: what lies at 33 in the colour image, which the wall has at 33 + 7 / 3.
    hidden = np.abs(at - 7 / 3 - 33 - (thick - 1) / 2) < thick / 2 - 1
    assert not middle[hidden].any()
    away = (np.abs(at - 35.3 - (thick - 1) / 2) > thick / 2 + 1.5) & (at > 5) & (at < 75)
    away &= np.abs(at - (40 + (thick - 1) / 2)) > thick / 2 + 1.5
    assert (middle[away] == 50).all()


def test_colour_that_lies_on_the_grid_is_taken_as_it_is():
    one = camera(20, 16, 22.0)
    grid = one.scaled(4, HALF_PIXEL)
    color = picture(grid.height, grid.width)
    color[:8] = 0
    warp = ColorWarp(one, grid, np.eye(4), scale=4)
    found = warp(color, np.full((16, 20), np.nan, np.float32))
    assert np.array_equal(found, np.maximum(color, 1))
    assert not np.shares_memory(found, color)
    assert not color[:8].any(), 'the message stays as it is'


def test_colour_that_is_distorted_as_depth_is_taken_as_it_is():
    """P, with the baseline of a right camera, is of what both would be rectified to."""
    p = (20.0, 0.0, 9.0, -1.0, 0.0, 20.0, 8.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    one = replace(camera(20, 16, 22.0), distortion_model='cubic', d=(-0.2, 0.02), p=p)
    grid = one.scaled(4, HALF_PIXEL)
    color = picture(grid.height, grid.width)
    found = ColorWarp(one, grid, np.eye(4), scale=4)(color, np.full((16, 20), np.nan, np.float32))
    assert np.array_equal(found, np.maximum(color, 1))


def test_a_camera_of_the_same_place_needs_no_depth():
    one = camera(40, 30, 40.0)
    theirs = camera(200, 150, 160.0)  # wider, and of another size
    color = picture(150, 200)
    found = ColorWarp(one, theirs, np.eye(4), scale=2)(
        color, np.full((30, 40), np.nan, np.float32)
    )
    grid = one.scaled(2, HALF_PIXEL)
    slow = register(color, theirs, np.full((60, 80), 2.0, np.float32), grid, np.eye(4))
    assert found.any(axis=-1).all()
    assert np.abs(found.astype(int) - slow.rgb)[slow.seen].mean() < 8


def test_much_finer_colour_does_not_alias():
    one = camera(40, 30, 40.0)
    finer = one.scaled(8, HALF_PIXEL)
    color = np.random.default_rng(0).integers(1, 255, (240, 320, 3)).astype(np.uint8)
    found = ColorWarp(one, finer, np.eye(4), scale=1)(color, np.full((30, 40), 2.0, np.float32))
    expected = cv2.resize(color, (40, 30), interpolation=cv2.INTER_AREA)
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize('kind', LENSES)
def test_distortion_is_worked_out(kind):
    distorted, ideal = LENSES[kind], camera(320, 240, 230.0)
    raw = picture(240, 320)
    small = camera(80, 60, 230.0 / 4)
    depth = np.full((60, 80), 2.0, np.float32)
    to_color = beside(0.04, -0.02, degrees=1.0)
    found = ColorWarp(small, distorted, to_color, scale=4)(raw, depth)
    grid = small.scaled(4, HALF_PIXEL)
    slow = register(raw, distorted, depth, small, to_color, output=grid)
    seen = found.any(axis=-1)
    assert np.mean(seen == slow.seen) > 0.96
    both = cv2.erode((seen & slow.seen).astype(np.uint8), np.ones((11, 11))) > 0
    assert np.abs(found.astype(int) - slow.rgb)[both].mean() < 3
    straight = ColorWarp(small, ideal, to_color, scale=4)(raw, depth)
    assert np.abs(found.astype(int) - straight)[both].mean() > 15, 'the lens matters'
    rectified = ColorWarp(small, distorted.rectified(), to_color, scale=4)(raw, depth)
    assert np.array_equal(rectified, straight)


@pytest.mark.parametrize('kind', LENSES)
def test_distortion_of_the_depth_camera_is_worked_out(kind):
    """Of a wall, so that it can be told where each pixel of bent depth looks."""
    bent_so, theirs = LENSES[kind].scaled(1 / 4, HALF_PIXEL), camera(480, 360, 230.0)
    to_color, depth = beside(0.04, -0.02), np.full((60, 80), 2.0, np.float32)
    color = cv2.GaussianBlur(picture(360, 480), (0, 0), 4)
    grid = bent_so.scaled(4, HALF_PIXEL)
    v, u = np.mgrid[:240, :320].astype(np.float64)
    rays = Lens.of(grid, 'depth').rays(np.stack([u.ravel(), v.ravel()], axis=1))
    points = np.column_stack([2 * rays, np.full(len(rays), 2.0)]) + to_color[:3, 3]
    at = theirs.project(points).reshape(240, 320, 2).astype(np.float32)
    expected = cv2.remap(color, at, None, cv2.INTER_LINEAR).astype(int)
    inside = ((at > 4) & (at < (475, 355))).all(axis=-1)
    assert inside.mean() > 0.5

    found = ColorWarp(bent_so, theirs, to_color, scale=4)(color, depth)
    slow = register(color, theirs, depth, bent_so, to_color, output=grid)
    for rgb, seen in ((found, found.any(axis=-1)), (slow.rgb, slow.seen)):
        assert np.mean(seen[inside]) > 0.97
        assert np.abs(rgb - expected)[inside & seen].mean() < 2
    straight = ColorWarp(bent_so.rectified(), theirs, to_color, scale=4)(color, depth)
    assert np.abs(straight - expected)[inside].mean() > 8, 'the lens matters'


def test_a_baseline_in_p_is_part_of_the_place():
    """As of the right camera of a stereo pair: P[3] = -fx b."""
    one = camera(40, 30, 40.0)
    p = list(one.p)
    p[3] = -40.0 * 0.05
    right = CameraModel(40, 30, 'plumb_bob', (0.0,) * 5, one.k, p=tuple(p))
    color, depth = picture(30, 40), np.full((30, 40), 1.0, np.float32)
    by_p = ColorWarp(one, right, np.eye(4), scale=2)(color, depth).copy()
    by_transform = ColorWarp(one, one, beside(0.05), scale=2)(color, depth)
    assert np.array_equal(by_p, by_transform)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'color_camera': CameraModel(32, 24)}, 'the camera of colour is uncalibrated'),
        ({'camera': CameraModel(32, 24)}, 'the camera of depth is uncalibrated'),
        ({'to_color': np.diag([1.0, 1.0, -1.0, 1.0])}, 'no rotation and shift'),
        ({'color': np.zeros((12, 16, 3), np.uint8)}, 'colour is 16x12, its camera 32x24'),
        ({'depth': np.ones((12, 16), np.float32)}, 'depth is 16x12, its camera 32x24'),
    ],
)
def test_what_cannot_be_registered_is_refused(change, said):
    one = camera(32, 24, 30.0)
    given = {
        'camera': one,
        'color_camera': one,
        'to_color': beside(0.1),
        'color': np.zeros((24, 32, 3), np.uint8),
        'depth': np.ones((24, 32), np.float32),
        **change,
    }
    color, depth = given.pop('color'), given.pop('depth')
    with pytest.raises(RegistrationError, match=said):
        ColorWarp(**given, scale=2)(color, depth)
