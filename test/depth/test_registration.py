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
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.registration import RegistrationError, register, require_on_grid
from cdst_ros.synthetic import CameraPath, indoor_scene, render

from .views import bent, beside, camera, picture, truly_seen


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_against_colour_rendered_at_the_depth_camera(seed):
    rng = np.random.default_rng(seed)
    scene = indoor_scene(rng)
    pose = CameraPath.through(scene, rng).pose(2.0)
    depth_camera, color_camera = camera(160, 120, 140.0), camera(320, 240, 290.0)
    to_color = beside(0.05, 0.01, degrees=3.0)
    output = depth_camera.scaled(2, GridAlignment.HALF_PIXEL)
    color = render(scene, color_camera, pose @ np.linalg.inv(to_color)).color
    truth = render(scene, output, pose)
    expected = truly_seen(scene, pose, truth.depth, (output, color_camera), to_color)

    found = register(color, color_camera, truth.depth, output, to_color)
    assert found.rgb.shape == (240, 320, 3)
    assert found.rgb.dtype == np.uint8
    assert (found.rgb[~found.seen] == 0).all()
    assert np.mean(found.seen == expected) > 0.99
    off = np.abs(found.rgb.astype(int) - truth.color).max(axis=-1)
    assert np.median(off[found.seen]) <= 4
    # A shift by a single pixel is far worse.
    moved = np.abs(np.roll(found.rgb, 1, axis=1).astype(int) - truth.color).max(axis=-1)
    assert off[found.seen].mean() < 0.6 * moved[found.seen].mean()

    low = render(scene, depth_camera, pose, color=False).depth
    of_low = register(color, color_camera, low, depth_camera, to_color, output=output)
    assert of_low.rgb.shape == found.rgb.shape
    assert np.mean(of_low.seen == expected) > 0.96
    off = np.abs(of_low.rgb.astype(int) - truth.color).max(axis=-1)
    assert np.median(off[of_low.seen]) <= 5


@pytest.mark.parametrize('thick', [3, 1])
def test_what_a_thin_rod_hides_is_not_given_its_colour(thick):
    depth = np.full((48, 80), 3.0, np.float32)
    depth[:, 40 : 40 + thick] = 1.0
    one, to_color = camera(80, 48, 70.0), beside(right=0.1)
    # What the colour camera sees: at 1 m points move 7 px to the left, at 3 m by 7 / 3.
    color = np.full((48, 80, 3), 50, np.uint8)
    color[:, 33 : 33 + thick] = 200
    found = register(color, one, depth, one, to_color)
    assert found.seen[:, 40 : 40 + thick].all()
    assert (found.rgb[:, 40 : 40 + thick] == 200).all()
    # Hidden: what lies at 33 in the colour image, which the wall has at 33 + 7 / 3.
    hidden = np.zeros(80, bool)
    hidden[np.abs(np.arange(80) - 7 / 3 - 33 - (thick - 1) / 2) < thick / 2] = True
    hidden[40 : 40 + thick] = False
    inner = slice(4, -4)
    assert not found.seen[:, hidden].any()
    assert found.seen[:, ~hidden][:, inner].all()
    # The rod may blend into the wall at its border, where sampling lies between pixels.
    wall = found.rgb[:, ~hidden & (depth[0] == 3)][:, inner]
    assert np.mean(wall > 60) < 0.05


@pytest.mark.parametrize('alignment', list(GridAlignment))
@pytest.mark.parametrize('scale', [2, 4])
def test_the_same_view_at_the_output_size_is_taken_to_the_bit(alignment, scale):
    one = camera(20, 16, 22.0)
    output = one.scaled(scale, alignment)
    color = picture(output.height, output.width)
    rng = np.random.default_rng(1)
    depth = np.where(rng.random((16, 20)) < 0.3, 1.0, 3.0).astype(np.float32)
    found = register(color, output, depth, one, np.eye(4), output=output)
    assert np.array_equal(found.rgb[found.seen], color[found.seen])
    whole = np.s_[scale:-scale, scale:-scale]
    assert found.seen[whole].all()


def test_a_pure_scale_averages_blocks_to_the_half_pixel():
    one = camera(40, 30, 40.0)
    finer = one.scaled(2, GridAlignment.HALF_PIXEL)
    color = picture(60, 80)
    found = register(color, finer, np.full((30, 40), 2.0, np.float32), one, np.eye(4))
    expected = cv2.resize(color, (40, 30), interpolation=cv2.INTER_AREA)
    assert found.seen.all()
    assert np.abs(found.rgb.astype(int) - expected).max() <= 1


def test_much_finer_colour_does_not_alias():
    one = camera(40, 30, 40.0)
    finer = one.scaled(8, GridAlignment.HALF_PIXEL)
    color = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    found = register(color, finer, np.full((30, 40), 2.0, np.float32), one, np.eye(4))
    expected = cv2.resize(color, (40, 30), interpolation=cv2.INTER_AREA).astype(int)
    # Noise of deviation 74 leaves 9 in blocks of 8 x 8; picked pixels would keep most of it.
    assert found.rgb.std() < 2 * expected.std()


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0.5, 6.0),
    st.floats(-0.1, 0.1),
    st.floats(-0.1, 0.1),
    st.sampled_from([0.6, 0.8, 1.0, 1.7]),
)
def test_a_wall_is_moved_by_the_parallax_alone(z, right, down, ratio):
    one = camera(48, 36, 45.0)
    theirs = camera(round(48 * ratio), round(36 * ratio), 45.0 * ratio)
    v, u = np.mgrid[: theirs.height, : theirs.width] / ratio
    # Colour is linear in the pixel, so that sampling between pixels is exact.
    color = np.stack([40 + 2 * u, 60 + 2 * v, 0 * u], axis=-1)
    depth = np.full((36, 48), z, np.float32)
    found = register(np.rint(color).astype(np.uint8), theirs, depth, one, beside(right, down))
    rows, columns = np.nonzero(found.seen)
    moved = np.stack([columns - 45 * right / z - 23.5, rows - 45 * down / z - 17.5], axis=-1)
    at = moved + np.array([theirs.width - 1, theirs.height - 1]) / 2 / ratio
    expected = at * 2 + (40, 60)
    away = ((at > 1 / ratio) & (at < (45 - 1 / ratio, 33 - 1 / ratio))).all(axis=-1)
    off = found.rgb[rows, columns, :2] - expected
    # Half a level each for rounding what is seen and what comes of it, and OpenCV samples at
    # whole 32ths of a pixel, of up to 2.5 levels each.
    assert np.abs(off[away]).max(initial=0) < 1.2
    inside = np.s_[8:-8, 12:-12]
    if max(abs(right), abs(down)) * 45 / z < 6:
        assert found.seen[inside].all(), 'a wall hides nothing of itself'


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.floats(-0.1, 0.1))
def test_holes_and_what_is_outside_are_never_seen(seed, right):
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0.5, 4.0, (24, 32)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.3] = np.nan
    one = camera(32, 24, 30.0)
    color = picture(24, 32, seed)
    found = register(color, one, depth, one, beside(right))
    assert not found.seen[np.isnan(depth)].any()
    with np.errstate(invalid='ignore'):
        place = np.arange(32) - 30 * right / depth
        outside = (place < -0.51) | (place > 31.51)
    assert not found.seen[outside].any()
    nothing = register(color, one, np.full_like(depth, np.nan), one, beside(right))
    assert not nothing.seen.any()
    assert not nothing.rgb.any()


@pytest.mark.parametrize('k1', [-0.25, 0.15])
def test_distortion_is_worked_out_where_the_image_has_it(k1):
    distorted, ideal = bent(k1), camera(320, 240, 230.0)
    straight = picture(480, 640)  # a wide view, of which the lens takes what it does
    wide = camera(640, 480, 230.0)
    v, u = np.mgrid[:240, :320].astype(np.float32)
    k, d = np.reshape(distorted.k, (3, 3)), np.array(distorted.d)
    rays = cv2.undistortPoints(np.stack([u, v], -1).reshape(-1, 1, 2), k, d).reshape(240, 320, 2)
    at = (rays * 230 + (319.5, 239.5)).astype(np.float32)
    raw = cv2.remap(straight, at, None, cv2.INTER_LINEAR)
    depth = np.full((240, 320), 2.0, np.float32)
    found = register(raw, distorted, depth, ideal, np.eye(4))
    expected = straight[120:360, 160:480]
    off = np.abs(found.rgb.astype(int) - expected)[found.seen]
    assert np.median(off) <= 6
    assert np.percentile(off, 99) < 40
    if k1 < 0:
        assert found.seen.all(), 'a barrel takes in more than the pinhole'
    else:
        assert not found.seen[0, 0]
    wider = register(raw, distorted, np.full((480, 640), 2.0, np.float32), wide, np.eye(4))
    assert not wider.seen[0, 0], 'polynomials that turn back are no view'
    told = register(expected, distorted.rectified(), depth, ideal, np.eye(4))
    assert np.array_equal(told.rgb, expected)


@pytest.mark.parametrize('which', [0, 1])
def test_a_lens_that_is_not_understood_is_refused_and_named(which):
    one, depth = camera(32, 24, 30.0), np.ones((24, 32), np.float32)
    color, name = picture(24, 32), ('depth', 'colour')[which]
    for lens, said in (
        (CameraModel(32, 24, 'cubic', (0.1, 0.0, 0.0, 0.0), one.k), r'cubic \[0.1.*image_rect'),
        (CameraModel(32, 24, 'plumb_bob', (0.1, 0.0, 0.0, 0.0, 0.0), p=one.p), 'K is all 0'),
    ):
        both = (lens, one) if which == 0 else (one, lens)
        with pytest.raises(RegistrationError, match=f'{name}.*{said}'):
            register(color, both[1], depth, both[0], np.eye(4))


@pytest.mark.parametrize('model', ['plumb_bob', 'equidistant', 'cubic'])
def test_images_that_are_distorted_alike_lie_on_each_other_as_they_are(model):
    """As depth that its driver has aligned to colour, and both have the camera_info of colour."""
    one = camera(32, 24, 30.0)
    bent_so = replace(one, distortion_model=model, d=(-0.2, 0.02, 0.0, 0.0))
    color, depth = picture(24, 32), np.full((24, 32), 2.0, np.float32)
    found = register(color, bent_so, depth, bent_so, np.eye(4))
    assert found.seen.all()
    assert np.array_equal(found.rgb, color)
    # P is of what such an image would be rectified to, and one of both may lack it.
    p = (24.0, 0.0, 15.0, 0.0, 0.0, 24.0, 11.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    rectified = replace(bent_so, p=p)
    for cameras in ((bent_so, rectified), (rectified, bent_so)):
        found = register(color, cameras[0], depth, cameras[1], np.eye(4))
        assert np.array_equal(found.rgb, color)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'color': np.zeros((12, 16, 3), np.uint8)}, 'colour is 16x12, its camera 32x24'),
        ({'depth': np.ones((12, 16), np.float32)}, 'depth is 16x12, its camera 32x24'),
        ({'color_camera': CameraModel(32, 24)}, 'the camera of colour is uncalibrated'),
        ({'camera': CameraModel(32, 24)}, 'the camera of depth is uncalibrated'),
        ({'to_color': np.diag([2.0, 2.0, 2.0, 1.0])}, 'no rotation and shift'),
        ({'to_color': np.diag([1.0, 1.0, -1.0, 1.0])}, 'no rotation and shift'),
        ({'to_color': np.full((4, 4), np.nan)}, 'no rotation and shift'),
        ({'to_color': np.eye(3)}, 'no rotation and shift'),
    ],
)
def test_what_cannot_be_registered_is_refused(change, said):
    one = camera(32, 24, 30.0)
    given = {
        'color': np.zeros((24, 32, 3), np.uint8),
        'color_camera': one,
        'depth': np.ones((24, 32), np.float32),
        'camera': one,
        'to_color': np.eye(4),
        **change,
    }
    with pytest.raises(RegistrationError, match=said):
        register(**given)


def test_colour_is_taken_as_it_is_only_where_size_and_intrinsics_agree():
    one, color = camera(32, 24, 30.0), picture(24, 32)
    require_on_grid(color, one, (24, 32), one)
    require_on_grid(color, None, (24, 32), one)
    require_on_grid(color, one, (24, 32), None)
    with pytest.raises(RegistrationError, match='colour is 32x24 and the output 64x48'):
        require_on_grid(color, None, (48, 64), None)
    with pytest.raises(RegistrationError, match=r'30\.0.* other intrinsics, 31\.0'):
        require_on_grid(color, one, (24, 32), camera(32, 24, 31.0))
    with pytest.raises(RegistrationError, match='unknown'):
        require_on_grid(color, CameraModel(32, 24), (24, 32), one)
