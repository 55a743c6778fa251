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
from depth.views import looks, taken
from recordings.datasets.layouts import write_pairs

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.seen_color import seen_color
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.synthetic import render
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources import recorded
from cdst_ros.training.sources.opening import open_sources
from cdst_ros.training.train import train
from training.sources.folders import data_of, write_metric

CAMERA = CameraModel.from_intrinsics(30.0, 30.0, 15.5, 11.5, 32, 24)


def scene(number, factor=1):
    """Return a slanted wall [mm] with a box before it and a hole, so many times as large."""
    rows, columns = np.mgrid[: 24 * factor, : 32 * factor] // factor
    depth = (3000 + 4 * columns + 2 * rows + 5 * number).astype(np.uint16)
    depth[6 * factor : 14 * factor, 8 * factor : 20 * factor] = 1500 + number
    depth[18 * factor : 21 * factor, 3 * factor : 6 * factor] = 0
    return depth


def record(folder, frames=5, *, reference=0, color_frame='tof'):
    with RecordingWriter(folder, rate_hz=10, stamps_made=True) as writer:
        for number in range(frames):
            red = np.zeros((24, 32, 3), np.uint8)
            red[6:14, 8:20, 0] = 200
            large = CAMERA.scaled(reference, GridAlignment.HALF_PIXEL) if reference else None
            writer.append(
                (number + 1) * 100_000_000,
                Picture(scene(number), 'tof', CAMERA),
                Picture(red, color_frame, CAMERA),
                reference=(Picture(scene(number, reference), 'tof', large) if reference else None),
            )


def crops(root, scale=2, **source):
    data = data_of(root, {'kind': 'recordings', **source}, color=True)
    return open_sources(data, scale, {}, 0)[0].source


def test_depth_without_a_reference_makes_pairs_across_scales(tmp_path):
    record(tmp_path / 'walk')
    source = crops(tmp_path, path='walk', degradation={'valid_median': 1.0}, last=0.6)
    assert len(source.images) == 3
    sample = source.samples(np.random.default_rng(0), 1)[0]
    assert sample.low.shape == (8, 8)
    assert sample.high.shape == (16, 16)
    blocks = sample.high.reshape(8, 2, 8, 2)
    low, known = sample.low, np.isfinite(sample.low)
    assert (low[known] >= np.nanmin(blocks, axis=(1, 3))[known] - 1e-6).all()
    assert (low[known] <= np.nanmax(blocks, axis=(1, 3))[known] + 1e-6).all()


def test_a_reference_is_the_truth_and_what_was_measured_the_input(tmp_path):
    record(tmp_path / 'walk', reference=2)
    source = crops(tmp_path, path='walk')
    image = source.images[0]
    assert image.low.shape == (24, 32)
    assert image.values.shape == (48, 64)
    for sample in source.samples(np.random.default_rng(1), 10):
        upper = np.kron(sample.low, np.ones((2, 2)))
        np.testing.assert_allclose(sample.high, upper, equal_nan=True)


def test_a_reference_of_another_size_is_refused(tmp_path):
    record(tmp_path / 'walk', reference=2)
    with pytest.raises(ConfigError, match='the reference has 2 times the pixels'):
        crops(tmp_path, scale=4, path='walk')


def test_a_picture_counts_where_it_is_registered(tmp_path):
    record(tmp_path / 'beside', color_frame='rgb')
    assert all(image.rgb is None for image in crops(tmp_path, path='beside').images)
    record(tmp_path / 'walk')
    for sample in crops(tmp_path, path='walk').samples(np.random.default_rng(2), 10):
        box = sample.high < 2.0
        assert (sample.rgb[..., 0] > 100)[box].mean() > 0.9 or not box.any()


def test_all_recordings_of_a_folder_are_read(tmp_path):
    record(tmp_path / 'all' / 'a', 2)
    record(tmp_path / 'all' / 'b', 3)
    write_pairs(tmp_path / 'all' / 'c', scale=2, pairs=4)
    assert len(crops(tmp_path, path='all').images) == 9
    assert len(crops(tmp_path, path='all', exclude=['b']).images) == 6


def test_what_is_no_recording_is_refused(tmp_path):
    write_metric(tmp_path / 'plain', 'x')
    with pytest.raises(ConfigError, match='a folder of depth images is of kind metric'):
        crops(tmp_path, path='plain')
    with pytest.raises(ConfigError, match=r'there is no .*gone'):
        crops(tmp_path, path='gone')


def test_pairs_of_images_are_measured_both(tmp_path):
    write_pairs(tmp_path / 'pairs', scale=2)
    image = crops(tmp_path, path='pairs').images[0]
    stored = cv2.imread(str(tmp_path / 'pairs' / 'low' / '0.png'), cv2.IMREAD_UNCHANGED)
    known = stored > 0
    np.testing.assert_allclose(image.low[known], stored[known] * 0.001, rtol=1e-5)
    assert image.rgb.shape == (48, 64, 3)


LOW = CameraModel.from_intrinsics(84.0, 84.0, 47.5, 35.5, 96, 72)
HIGH = LOW.scaled(2, GridAlignment.HALF_PIXEL)
#: Takes in more than depth does; 4 cm to the right of it.
COLOR = CameraModel.from_intrinsics(180.0, 180.0, 111.5, 83.5, 224, 168)
TO_COLOR = np.eye(4)
TO_COLOR[0, 3] = -0.04


def rooms(count):
    """Yield depth, colour taken beside it, and the colour that the depth camera would see."""
    for scene, pose in looks(count):
        yield *taken(scene, pose, LOW, COLOR, TO_COLOR), render(scene, HIGH, pose).color


@pytest.fixture(scope='module')
def seen():
    """Return what a robot with two cameras saw in five rooms."""
    return list(rooms(5))


def record_beside(folder, seen, to_color=TO_COLOR):
    """Record depth and colour of two cameras, and where the one is from the other."""
    extrinsics = None if to_color is None else {'color': np.linalg.inv(to_color)}
    with RecordingWriter(folder, rate_hz=1, stamps_made=True) as writer:
        for number, (depth, color, _) in enumerate(seen):
            writer.append(
                (number + 1) * 10**9,
                Picture(depth, 'tof', LOW),
                Picture(color, 'rgb', COLOR),
                extrinsics=extrinsics,
            )


def test_measured_depth_comes_with_colour_of_the_output_and_without_a_truth(tmp_path, seen):
    record_beside(tmp_path / 'walk', seen)
    images = crops(tmp_path, path='walk', measured=True).images
    assert len(images) == len(seen)
    shares = []
    for image, (depth, _, expected) in zip(images, seen, strict=True):
        np.testing.assert_allclose(image.low, depth, atol=6e-4)
        assert image.values.shape == (144, 192)
        assert not np.isfinite(image.values).any()
        known = image.rgb.any(axis=2)
        off = np.abs(image.rgb.astype(int) - expected).max(axis=2)
        moved = np.abs(np.roll(image.rgb, 2, axis=1).astype(int) - expected).max(axis=2)
        assert off[known].mean() < 0.7 * moved[known].mean()
        shares.append(known.mean())
    assert 0.8 < np.mean(shares) < 1.0


def test_pairs_across_scales_have_the_colour_of_another_camera_too(tmp_path, seen):
    record_beside(tmp_path / 'walk', seen)
    for image in crops(tmp_path, path='walk').images:
        assert image.rgb.shape == (72, 96, 3)
        assert image.rgb.any(axis=2).mean() > 0.7


def test_samples_without_a_truth_keep_colour_on_their_depth(tmp_path):
    record(tmp_path / 'walk', reference=2)
    data = data_of(tmp_path, {'kind': 'recordings', 'path': 'walk', 'color': False,
                              'measured': True})  # fmt: skip
    for sample in open_sources(data, 2, {}, 0)[0].source.samples(np.random.default_rng(0), 5):
        assert sample.rgb is None
        assert not np.isfinite(sample.high).any()
    image = crops(tmp_path, path='walk', reduce=1).images[0]
    assert np.isfinite(image.values).any()  # a reference that was not hidden


def test_black_that_is_seen_is_not_unseen(tmp_path):
    record(tmp_path / 'walk')
    for image in crops(tmp_path, path='walk').images:
        assert (image.rgb[0, 0] > 0).all()
        assert image.rgb[0, 0].max() < 30


def turned(degrees):
    """Return where colour is said to be if its camera was turned, by 1.5 px of depth a degree."""
    wrong = TO_COLOR.copy()
    wrong[:3, :3] = cv2.Rodrigues(np.array([0.0, np.radians(degrees), 0.0]))[0]
    return wrong


def test_colour_that_lies_beside_depth_is_refused(tmp_path, seen):
    record_beside(tmp_path / 'walk', seen, turned(1.0))  # 1.5 px of depth, 3 of the output
    told = r'colour lies .* px of the output beside depth .*color: false'
    with pytest.raises(ConfigError, match=told):
        crops(tmp_path, path='walk', measured=True)
    assert crops(tmp_path, path='walk', measured=True, color=False).images[0].rgb is None


def test_pairs_across_scales_have_colour_beside_their_own_pixels(tmp_path, seen):
    """Depth is the truth of them: what is far in the output is near there."""
    record_beside(tmp_path / 'near', seen, turned(1.0))
    assert crops(tmp_path, path='near').images[0].rgb is not None
    for degrees in (2.0, 4.0):
        far = f'far {degrees}'
        record_beside(tmp_path / far, seen, turned(degrees))
        with pytest.raises(ConfigError, match=r'colour lies .* px of the output beside depth'):
            crops(tmp_path, path=far)


def test_so_many_images_are_read_as_are_asked_for(tmp_path, monkeypatch):
    record(tmp_path / 'walk', 12)
    read = []

    def counted(frame, scale):
        read.append(frame.name)
        return seen_color(frame, scale)

    monkeypatch.setattr(recorded, 'seen_color', counted)
    images = crops(tmp_path, path='walk', images=3, first=0.25).images
    assert read == ['000003', '000007', '000011']
    assert [image.name.rsplit(' ', 1)[1] for image in images] == read


@pytest.mark.parametrize(('measured', 'size'), [(True, 24 * 32 * (4 + 12)), (False, 24 * 32 * 7)])
def test_memory_is_bounded_where_nobody_says_how_many(
    tmp_path, monkeypatch, capsys, measured, size
):
    record(tmp_path / 'all' / 'a', 6)
    record(tmp_path / 'all' / 'b', 2)
    asked = {'path': 'all', 'measured': measured}
    monkeypatch.setattr(recorded._Reading, 'check_color', lambda self: None)
    monkeypatch.setattr(recorded, 'MOST_BYTES', 2 * 3 * size)
    images = crops(tmp_path, **asked).images
    (told,) = capsys.readouterr().err.splitlines()
    assert 'a: 3 of its 6 frames are trained on' in told
    assert [image.name[-1] for image in images] == ['0', '2', '5', '0', '1']
    held = sum(array.nbytes for image in images[:3] for array in (image.low, image.rgb)
               if array is not None)  # fmt: skip
    held += 0 if measured else sum(image.values.nbytes for image in images[:3])
    assert held <= 3 * size
    assert len(crops(tmp_path, **asked, images=5).images) == 7, 'who asks gets them'
    assert not capsys.readouterr().err


def test_a_training_says_how_many_frames_memory_holds(tmp_path, tiny, monkeypatch, capsys):
    record(tmp_path / 'walk', 6)
    monkeypatch.setattr(recorded, 'MOST_BYTES', 3 * 24 * 32 * 4)
    data = data_of(tmp_path, {'kind': 'recordings', 'path': 'walk'})
    train(replace(tiny(max_steps=1), data=data))
    assert 'walk: 3 of its 6 frames are trained on' in capsys.readouterr().err


def test_colour_of_which_nobody_knows_where_it_lies_is_refused(tmp_path, seen):
    record_beside(tmp_path / 'few', seen[:1])
    with pytest.raises(ConfigError, match='nobody knows whether colour lies on depth'):
        crops(tmp_path, path='few', measured=True)
    record_beside(tmp_path / 'lost', seen, None)
    with pytest.raises(ConfigError, match=r'no frame has colour that teaches.*/tf_static'):
        crops(tmp_path, path='lost', measured=True)


def test_measured_is_for_recordings(tmp_path):
    with pytest.raises(ConfigError, match='measured is for recordings'):
        data_of(tmp_path, {'kind': 'procedural', 'measured': True})
