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

from cdst_ros.evaluation.incidence import incidence
from cdst_ros.synthetic import indoor_scene, look, render

from .metrics.worlds import camera_of, slanted


@pytest.mark.parametrize('normal', [(0, 0, 1.0), (0.5, -0.2, 0.4), (0.0, 0.9, 0.05)])
def test_of_a_plane_it_is_exact(normal):
    camera = camera_of(np.zeros((30, 40)), 80.0)
    fx, fy, cx, cy = camera.intrinsics()
    y, x = np.mgrid[:30, :40]
    rays = np.stack([(x - cx) / fx, (y - cy) / fy, np.ones_like(x)], axis=-1)
    depth = (1.0 / (rays @ np.array(normal) + 0.2)).astype(np.float32)
    depth[depth < 0] = np.nan
    plane = np.array(normal) + np.array([0, 0, 0.2])
    cosine = rays @ plane / np.linalg.norm(plane) / np.linalg.norm(rays, axis=-1)
    found = incidence(depth, camera)
    known = np.isfinite(found)
    assert known.mean() > 0.4
    assert found[known] == pytest.approx(cosine[known], abs=1e-4)


def test_it_agrees_with_the_renderer():
    scene = indoor_scene(np.random.default_rng(2))
    camera = camera_of(np.zeros((120, 160)), 120.0)
    seen = render(scene, camera, look((0, 0, 1.2), 0.3), color=False, incidence=True)
    found = incidence(seen.depth, camera)
    off = np.abs(found - seen.incidence)
    assert (np.isfinite(found) == np.isfinite(seen.depth)).all()
    assert np.nanmedian(off) < 1e-3
    assert np.nanquantile(off, 0.95) < 0.05


def test_beside_a_jump_it_is_that_of_the_own_surface():
    depth = slanted(at=24)
    camera = camera_of(depth)
    board, wall = (slanted(at=at) for at in (48, 0))
    expected = np.where(np.arange(48) < 24, incidence(board, camera), incidence(wall, camera))
    assert incidence(depth, camera) == pytest.approx(expected, abs=1e-4)


def test_holes_are_unknown_and_no_more():
    depth = slanted(at=48)
    whole = incidence(depth, camera_of(depth))
    depth[10:12, 20] = np.nan
    depth[:, 30] = np.nan
    found = incidence(depth, camera_of(depth))
    assert (np.isnan(found) == np.isnan(depth)).all()
    known = np.isfinite(depth)
    assert found[known] == pytest.approx(whole[known], abs=1e-4)
