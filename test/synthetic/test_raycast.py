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
"""Depth is exact: closed forms, surface equations, occlusion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import FIRST_SHAPE, NOTHING, View, bounding_windows
from cdst_ros.synthetic.room import Patch
from cdst_ros.synthetic.shapes import (
    Shape,
    bowl,
    box,
    cylinder,
    ellipsoid,
    lampshade,
    random_rotation,
    sheet,
    sphere,
    tilt,
)

from .worlds import AHEAD, CAMERA, hall, see, world_points

SEEDS = st.integers(0, 2**32 - 1)


def test_a_wall_ahead_has_one_depth() -> None:
    hits = see([])
    np.testing.assert_allclose(hits.depth(), 8.0, rtol=1e-6)
    assert np.all(hits.surface == 1)


def test_a_floor_is_at_camera_height_over_slope() -> None:
    camera = CameraModel.from_intrinsics(40.0, 40.0, 39.5, 0.0, 80, 200)
    depth = see([], camera).depth()
    rows = np.arange(45, 200)
    expected = np.broadcast_to(8.0 * 40.0 / rows[:, None], (len(rows), 80))
    np.testing.assert_allclose(depth[45:], expected, rtol=1e-6)


def test_a_slanted_plane_is_affine_in_inverse_depth() -> None:
    board = box((3, 0, 0), (2, 2, 0.001), random_rotation(np.random.default_rng(5)))
    hits = see([board])
    rows = np.flatnonzero((hits.surface == FIRST_SHAPE).sum(axis=1) > 20)
    row = hits.inverse[rows[0]][hits.surface[rows[0]] == FIRST_SHAPE]
    np.testing.assert_allclose(np.diff(row[1:-1], 2), 0, atol=1e-12)


def test_a_sphere_has_the_closed_form_depth() -> None:
    centre, r = np.array([3.0, 0.4, -0.2]), 0.7
    hits = see([sphere(centre, r)])
    v, u = np.indices(hits.inverse.shape)
    rays = np.stack([np.ones_like(u), -(u - 39.5) / 40, -(v - 29.5) / 40], axis=-1)
    a, b = np.sum(rays**2, axis=-1), rays @ centre
    rest = b**2 - a * (centre @ centre - r**2)
    expected = np.where(rest >= 0, (b - np.sqrt(np.maximum(rest, 0))) / a, 8.0)
    np.testing.assert_allclose(hits.depth(), expected, rtol=1e-6)


def test_an_upright_cylinder_has_the_closed_form_depth() -> None:
    hits = see([cylinder((2, 0, -9), (2, 0, 9), 0.3)])
    x = (np.arange(80) - 39.5) / 40
    rest = 2.0**2 - (1 + x**2) * (2.0**2 - 0.3**2)
    across = np.where(rest >= 0, (2 - np.sqrt(np.maximum(rest, 0))) / (1 + x**2), 8.0)
    np.testing.assert_allclose(hits.depth(), np.broadcast_to(across, (60, 80)), rtol=1e-6)


def test_a_box_shows_its_front() -> None:
    hits = see([box((3, 0, 0), (0.5, 0.5, 0.5))])
    on_box = hits.surface == FIRST_SHAPE
    np.testing.assert_allclose(hits.depth()[on_box], 2.5, rtol=1e-6)
    # 1 m at 2.5 m, seen with 40 px: 16 x 16 px
    assert on_box.sum() == 16 * 16


def test_caps_close_a_cylinder_and_not_a_pipe() -> None:
    down = look((0, 0, 3), 0.0, -np.pi / 2)
    middle = (30, 40)
    solid = see([cylinder((0, 0, -1), (0, 0, 1), 0.4)], pose=down).depth()
    pipe = see([cylinder((0, 0, -1), (0, 0, 1), 0.4, shell=True)], pose=down).depth()
    assert solid[middle] == pytest.approx(2.0, rel=1e-6)
    assert pipe[middle] == pytest.approx(11.0, rel=1e-6)


def test_a_camera_inside_the_line_of_a_cylinder_sees_its_cap_only() -> None:
    # inside the endless cylinder, outside the piece that is cut out of it
    hits = see([cylinder((2, 0, 0), (4, 0, 0), 0.5)])
    seen = hits.surface == FIRST_SHAPE
    np.testing.assert_allclose(hits.depth()[seen], 2.0, rtol=1e-6)
    assert seen.sum() == pytest.approx(np.pi * 10**2, rel=0.05)


def test_a_camera_in_the_plane_of_a_cap_sees_the_flank() -> None:
    for shape in (cylinder((3, 0, 0), (3, 0, 4), 0.5), box((3, 0, 2), (0.5, 0.5, 2))):
        on_shape = see([shape]).surface == FIRST_SHAPE
        assert on_shape[:30, 39].all()
        assert not on_shape[30:].any()


def test_a_lampshade_is_seen_from_inside_too() -> None:
    up = look((0, 0, -2), 0.0, np.pi / 2 - 0.6)
    shade = lampshade((0, 0, 0), 1.0, 0.8, 0.3)
    hits = see([shade], pose=up)
    on_shade = hits.surface == FIRST_SHAPE
    points = world_points(hits, CAMERA, up)[on_shade]
    # the camera is below the lower rim: what it sees through that is the inside
    outward = points[:, :2] / np.linalg.norm(points[:, :2], axis=1)[:, None]
    facing = np.sum(np.hstack([outward, np.full((len(points), 1), 0.5)]) * points, axis=1)
    assert on_shade.sum() > 100
    assert np.all(facing > 0)


def draw(kind: str, rng: np.random.Generator) -> Shape:
    """Return a shape somewhere ahead of the camera."""
    centre = np.array([rng.uniform(2, 4), rng.uniform(-1, 1), rng.uniform(-1, 1)])
    turn, size = random_rotation(rng), rng.uniform(0.05, 0.6, 3)
    if kind == 'ellipsoid':
        return ellipsoid(centre, size, turn)
    if kind == 'cylinder':
        reach = turn[:, 2] * size[2]
        return cylinder(centre - reach, centre + reach, float(size[0]), shell=rng.random() < 0.5)
    if kind == 'lampshade':
        return lampshade(centre, *size.tolist())
    if kind == 'bowl':
        return bowl(centre, float(size[0]), float(size[1]))
    if kind == 'sheet':
        return sheet(centre, size[:2], rng.uniform(-3, 3, 2), turn)
    return box(centre, size, turn)


@pytest.mark.parametrize('kind', ['box', 'ellipsoid', 'cylinder', 'lampshade', 'bowl', 'sheet'])
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_points_satisfy_the_equation_of_their_surface(kind: str, seed: int) -> None:
    shape = draw(kind, np.random.default_rng(seed))
    hits = see([shape])
    points = world_points(hits, CAMERA, AHEAD)[hits.surface == FIRST_SHAPE]
    local = (points - shape.centre) @ shape.rotation
    beyond = np.abs(local) - shape.half
    assert np.all(beyond <= 1e-8)
    residual = np.full(len(local), np.inf)
    if not shape.shell:
        for axis in shape.cut:
            residual = np.minimum(residual, np.abs(beyond[:, axis]))
    if shape.quadric is not None:
        full = np.hstack([local, np.ones((len(local), 1))])
        value = np.einsum('ni,ij,nj->n', full, shape.quadric, full)
        slope = 2 * np.linalg.norm((full @ shape.quadric)[:, :3], axis=1)
        residual = np.minimum(residual, np.abs(value) / (slope + 1e-12))
    assert np.all(residual < 1e-8)


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_nearest_wins_in_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = ['box', 'ellipsoid', 'cylinder', 'sheet']
    shapes = [draw(kinds[int(rng.integers(4))], rng) for _ in range(6)]
    together = see(shapes)
    alone = np.stack([see([shape]).inverse for shape in shapes])
    np.testing.assert_allclose(together.inverse, alone.max(axis=0), rtol=1e-12)
    np.testing.assert_allclose(see(shapes[::-1]).inverse, together.inverse, rtol=1e-12)


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_crop_sees_what_the_image_sees(seed: int) -> None:
    # shapes are drawn within bounding windows; another image cuts them differently
    rng = np.random.default_rng(seed)
    shapes = [draw(kind, rng) for kind in ('box', 'cylinder', 'sheet', 'ellipsoid')]
    crop = CameraModel.from_intrinsics(40.0, 40.0, 39.5 - 23, 29.5 - 11, 30, 25)
    np.testing.assert_allclose(
        see(shapes, crop).inverse, see(shapes).inverse[11:36, 23:53], rtol=1e-9
    )


def test_no_shape_is_cut_off_by_its_window() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        shape = box(rng.uniform(-2, 2, 3), rng.uniform(0.05, 1.5, 3), random_rotation(rng))
        window = bounding_windows(shape.corners()[None], View.of(CAMERA, AHEAD))[0]
        local = rng.uniform(-1, 1, (500, 3)) * shape.half
        points = (local @ shape.rotation.T + shape.centre) @ AHEAD[:3, :3]
        ahead = points[points[:, 2] > 0.02]
        if not len(ahead):
            continue
        pixels = CAMERA.project(ahead)
        inside = np.all((pixels >= 0) & (pixels <= [79, 59]), axis=1)
        assert np.all(pixels[inside] >= window[:2] - 1)
        assert np.all(pixels[inside] <= window[2:])


def test_thin_far_poles_are_exact() -> None:
    # 5 mm at 7 m: float32 alone would lose it
    camera = CameraModel.from_intrinsics(4000.0, 4000.0, 39.0, 29.5, 80, 60)
    hits = see([cylinder((7, 0, -1), (7, 0, 1), 0.005)], camera)
    assert (hits.surface == FIRST_SHAPE)[30].sum() == pytest.approx(2 * 0.005 / 7 * 4000, abs=1.1)
    assert hits.depth()[30, 39] == pytest.approx(6.995, abs=1e-5)


def test_windows_show_nothing_and_bars_before_them_do() -> None:
    room = hall()
    opened = type(room)(
        room.centre, room.rotation, room.half, windows=(Patch(1, (1.0, 2.0), (2.0, 1.0)),)
    )
    bar = cylinder((7.9, 1, 0), (7.9, 1, 4), 0.2)
    hits = see([bar], room=opened)
    points = world_points(see([]), CAMERA, AHEAD)
    through = (np.abs(points[..., 1] - 1) < 2) & (np.abs(points[..., 2] - 2) < 1)
    bars = hits.surface == FIRST_SHAPE
    assert np.all(np.isnan(hits.depth()) == (through & ~bars))
    assert np.all((hits.surface == NOTHING) == (through & ~bars))
    assert (through & bars).any()


def test_a_camera_outside_the_room_is_refused() -> None:
    with pytest.raises(ValueError, match='outside the room'):
        see([], pose=look((9, 0, 0), 0.0))


def test_lens_distortion_is_refused() -> None:
    bent = CameraModel(80, 60, 'plumb_bob', (0.1, 0, 0, 0, 0), CAMERA.k, p=CAMERA.p)
    with pytest.raises(ValueError, match='rectified'):
        see([], bent)


def test_tilted_cameras_agree_with_tilted_worlds() -> None:
    shape = box((3, 0.2, 0.1), (0.4, 0.3, 0.2), tilt(0.3))
    pose = look((0.2, 0.1, 0.3), 0.2, -0.1, 0.3)
    inside = shape.moved(np.linalg.inv(pose[:3, :3]), -pose[:3, :3].T @ pose[:3, 3])
    straight = see([inside], pose=np.eye(4))
    turned = see([shape], pose=pose)
    on_box = turned.surface == FIRST_SHAPE
    assert on_box.sum() > 50
    assert np.array_equal(on_box, straight.surface == FIRST_SHAPE)
    np.testing.assert_allclose(turned.inverse[on_box], straight.inverse[on_box], rtol=1e-9)
