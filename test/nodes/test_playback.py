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
"""Frames of scenes, recordings and bags are made ready ahead of time, and in order."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.lowering import lowering
from cdst_ros.evaluation.references import LoweredPairs
from cdst_ros.evaluation.sources import open_source as evaluation_source
from cdst_ros.nodes.camera_parameters import CameraParameters
from cdst_ros.nodes.playback import PlayedFrame, Reel, Source, open_source
from cdst_ros.recordings.bag_export import export_bag
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.writer import Picture, RecordingWriter

HALF_PIXEL = GridAlignment.HALF_PIXEL
PATIENCE_S = 30.0
CAMERA = CameraModel.from_intrinsics(20.0, 20.0, 8.5, 5.5, 18, 12)


def depth(index: int = 0) -> np.ndarray:
    """Return a slanted wall (12, 18) that comes nearer with every frame, with a hole."""
    image = np.linspace(2.0, 3.0, 18, dtype=np.float32)[None].repeat(12, axis=0)
    image = np.round(image - 0.1 * index, 3).astype(np.float32)
    image[0, 0] = np.nan
    return image


def record(path: Path, frames: int = 3, reference: bool = False) -> Path:
    color = np.full((12, 18, 3), 200, np.uint8)
    with RecordingWriter(path, rate_hz=12.0) as writer:
        for k in range(frames):
            high = np.repeat(np.repeat(depth(k), 2, 0), 2, 1)
            writer.append(
                1_000_000 * (k + 1),
                Picture(depth(k), 'optical', CAMERA),
                Picture(color, 'color_optical', CAMERA),
                Picture(high, 'optical', CAMERA.scaled(2, HALF_PIXEL)) if reference else None,
            )
    return path


def opened(skipped: Any = pytest.fail, **settings: Any) -> Source:
    return open_source(CameraParameters(**settings), skipped)


def frames(source: Source) -> list[PlayedFrame]:
    return list(source.frames())


def test_synthetic_scene_goes_there_and_back_and_has_a_truth():
    settings: dict[str, Any] = {'width': 24, 'height': 16, 'scale': 2, 'loop_frames': 4}
    source = opened(**settings)
    played = frames(source)
    assert source.length == len(played) == 6
    assert (source.has_color, source.has_truth) == (True, True)
    first = played[0]
    assert first.depth.image.shape == (16, 24)
    assert first.truth is not None
    assert first.truth.image.shape == (32, 48)
    assert first.color is not None
    assert first.color.image.shape == (32, 48, 3)
    assert first.depth.camera is not None
    assert first.truth.camera == first.depth.camera.scaled(2, HALF_PIXEL)
    second, last = played[1].truth, played[5].truth
    assert second is not None
    assert last is not None
    np.testing.assert_array_equal(second.image, last.image)


def test_truth_is_rare_where_asked():
    settings: dict[str, Any] = {'width': 16, 'height': 12, 'loop_frames': 4, 'truth_every': 4}
    assert [f.truth is not None for f in frames(opened(**settings))] == [
        True, False, False, False, True, False,
    ]  # fmt: skip


def test_recording_is_played_as_recorded(tmp_path):
    source = opened(source=str(record(tmp_path / 'r', reference=True)))
    assert (source.length, source.rate_hz) == (3, 12.0)
    played = frames(source)
    for k, frame in enumerate(played):
        np.testing.assert_allclose(frame.depth.image, depth(k), atol=5e-4)
        assert (frame.depth.camera, frame.depth.frame_id) == (CAMERA, 'optical')
        assert frame.truth is not None
        assert frame.truth.image.shape == (24, 36)
        assert frame.color is not None
        assert frame.color.frame_id == 'color_optical'
    assert not opened(source=str(record(tmp_path / 'plain'))).has_truth


@pytest.mark.parametrize('compressed', [False, True])
def test_a_recording_that_was_exported_is_played_as_the_recording(tmp_path, compressed):
    walk = record(tmp_path / 'walk')
    export_bag(walk, tmp_path / 'bag', compressed=compressed)
    bag, recording = opened(source=str(tmp_path / 'bag')), opened(source=str(walk))
    assert (bag.length, bag.has_color) == (recording.length, True)
    for mine, theirs in zip(frames(bag), frames(recording), strict=True):
        assert mine.stamp_ns == theirs.stamp_ns
        assert (mine.depth.camera, mine.depth.frame_id) == (CAMERA, 'optical')
        np.testing.assert_array_equal(mine.depth.image, theirs.depth.image)
        assert mine.color is not None
        assert theirs.color is not None
        assert (mine.color.camera, mine.color.frame_id) == (CAMERA, 'color_optical')
        np.testing.assert_array_equal(mine.color.image, theirs.color.image)


def test_degraded_recording_has_input_and_truth_with_their_cameras(tmp_path):
    source = opened(source=str(record(tmp_path / 'r')), degrade='hololens_x2')
    assert source.has_truth
    frame = frames(source)[1]
    assert frame.truth is not None
    assert frame.depth.image.shape == (3, 4)
    assert frame.truth.image.shape == (6, 8), 'columns 16 and 17 fill no block of four'
    low, high = frame.depth.camera, frame.truth.camera
    assert low is not None
    assert high is not None
    assert high.agrees(low.scaled(2, HALF_PIXEL), 1e-9)
    # A point seen at a pixel of the recording is seen at the pixel of the smaller image above it.
    point = CAMERA.back_project_pixels([[5.5, 7.5]], [2.0])
    np.testing.assert_allclose(low.project(point), [[1.0, 1.5]], atol=1e-9)


def test_damaged_frame_is_left_out_and_told(tmp_path):
    path = record(tmp_path / 'r')
    (path / 'depth' / '000001.png').write_bytes(b'not a png')
    told: list[str] = []
    played = frames(opened(told.append, source=str(path)))
    assert [float(f.depth.image[1, 0]) for f in played] == pytest.approx([2.0, 1.8], abs=1e-3)
    assert '000001.png' in told[0]


@pytest.mark.parametrize('storage', ['.mcap', '.db3'])
def test_bag_is_played_as_recorded(tmp_path, storage):
    with BagWriter(tmp_path / 'bag', storage) as writer:
        for k in range(3):
            writer.write_depth('/cam/depth/image_raw', depth(k), 10**9 + k * 10**7, 'optical')
            writer.write_camera('/cam/depth/camera_info', CAMERA, 10**9 + k * 10**7, 'optical')
    source = opened(source=str(tmp_path / 'bag'))
    assert source.length == 3
    for _ in range(2):
        played = frames(source)
        assert [float(f.depth.image[1, 0]) for f in played] == pytest.approx([2.0, 1.9, 1.8])
        assert played[0].depth.camera == CAMERA
    degraded = frames(opened(source=str(tmp_path / 'bag'), degrade='valid_median_x2'))
    assert degraded[0].depth.image.shape == (6, 9)
    assert degraded[0].truth is not None


@pytest.mark.parametrize(
    ('settings', 'said'),
    [
        ({'source': '/nowhere/at/all'}, 'does not exist'),
        ({'profile': 'perfect'}, 'generic, ideal'),
    ],
)
def test_what_cannot_be_played_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        opened(**settings)


def test_empty_recording_and_unknown_degradation_are_refused(tmp_path):
    with RecordingWriter(tmp_path / 'empty'):
        pass
    with pytest.raises(ValueError, match='without frames'):
        opened(source=str(tmp_path / 'empty'))
    with pytest.raises(ValueError, match='hololens_x2'):
        opened(source=str(record(tmp_path / 'r')), degrade='twice')


def taken(reel: Reel[int], count: int) -> list[int]:
    """Return the next items, waiting for each."""
    items: list[int] = []
    waited = threading.Event()
    for _ in range(round(PATIENCE_S / 0.01)):
        item = reel.take()
        if item is not None:
            items.append(item)
        elif reel.ended or reel.error is not None:
            break
        else:
            waited.wait(0.01)
        if len(items) == count:
            break
    return items


@pytest.mark.parametrize('ahead', [2, 3, 10])
@pytest.mark.parametrize('loop', [False, True])
def test_reel_plays_in_order_and_again_where_it_loops(ahead, loop):
    reel = Reel(lambda: range(3), 3, loop, ahead)
    assert taken(reel, 7) == ([0, 1, 2, 0, 1, 2, 0] if loop else [0, 1, 2])
    assert reel.ended != loop
    reel.stop()


def test_short_source_is_made_ready_once_and_whole():
    passes = itertools.count()
    progress: list[tuple[int, int]] = []

    def items() -> Any:
        next(passes)
        yield from range(3)

    reel = Reel(items, 3, True, 3, lambda *done: progress.append(done))
    assert reel.ready.wait(PATIENCE_S)
    taken(reel, 9)
    reel.stop()
    assert next(passes) == 1
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_long_source_is_made_ready_no_further_than_asked():
    made: list[int] = []

    def items() -> Any:
        for k in itertools.count():
            made.append(k)
            yield k

    reel = Reel(items, None, False, 4)
    assert reel.ready.wait(PATIENCE_S)
    assert len(made) <= 5
    assert taken(reel, 10) == list(range(10))
    assert len(made) <= 15
    reel.stop()


def test_slow_source_gives_nothing_until_it_has_something():
    release = threading.Event()

    def items() -> Any:
        yield 0
        release.wait(PATIENCE_S)
        yield 1

    reel = Reel(items, None, False, 1)
    assert taken(reel, 1) == [0]
    assert reel.take() is None
    assert not reel.ended
    release.set()
    assert taken(reel, 1) == [1]
    reel.stop()


def test_broken_source_says_so_and_holds_nobody_up():
    def items() -> Any:
        yield 0
        raise OSError('unplugged')

    reel = Reel(items, 3, True, 3)
    assert reel.ready.wait(PATIENCE_S)
    assert str(reel.error) == 'unplugged'
    reel.stop()


@pytest.mark.parametrize(('length', 'ahead'), [(3, 3), (None, 2)])
def test_source_without_a_frame_is_an_error_and_no_endless_loop(length, ahead):
    reel: Reel[int] = Reel(lambda: [], length, True, ahead)
    assert reel.ready.wait(PATIENCE_S)
    assert isinstance(reel.error, ValueError)
    reel.stop()


def paired(path: Path, skipped: Any = pytest.fail, **settings: Any) -> list[PlayedFrame]:
    source = opened(skipped, source=str(path), pairs=True, **settings)
    assert source.has_truth
    return list(source.frames())


def test_pairs_take_the_reference_where_there_is_one_and_reduce_it_to_the_scale(tmp_path):
    frames = paired(record(tmp_path / 'r', reference=True), scale=2)
    assert [frame.stamp_ns for frame in frames] == [1_000_000, 2_000_000, 3_000_000]
    first = frames[0]
    np.testing.assert_allclose(first.depth.image, depth(0), atol=1e-6)
    high = np.repeat(np.repeat(depth(0), 2, 0), 2, 1)
    np.testing.assert_allclose(first.truth.image, high, atol=1e-6)
    assert first.depth.camera.agrees(CAMERA, 1e-9)
    assert first.truth.camera.agrees(CAMERA.scaled(2, HALF_PIXEL), 1e-9)


def test_pairs_are_lowered_as_an_evaluation_lowers_them(tmp_path):
    frames = paired(record(tmp_path / 'r'), scale=3, degrade='area', publish_colour=False)
    expected = LoweredPairs(lowering('area'))
    with evaluation_source(tmp_path / 'r') as source:
        for played, frame in zip(frames, source, strict=True):
            pair = expected.view(frame, 3, 0)
            np.testing.assert_array_equal(played.depth.image, pair.low)
            np.testing.assert_array_equal(played.truth.image, pair.reference)
    assert frames[0].depth.image.shape == (4, 6)
    assert frames[0].depth.camera.matches(6, 4)
    assert frames[0].truth.camera.matches(18, 12)


def test_bag_is_paired_with_its_reference_topic(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        for k in range(3):
            stamp = 10**9 * (k + 1)
            high = np.repeat(np.repeat(depth(k), 2, 0), 2, 1)
            bag.write_depth('/low/image', depth(k), stamp, 'optical')
            bag.write_depth('/high/image', high, stamp, 'optical')
    frames = paired(
        tmp_path / 'bag', scale=2, depth_topic='/low/image', reference_topic='/high/image'
    )
    assert [frame.stamp_ns for frame in frames] == [10**9, 2 * 10**9, 3 * 10**9]
    assert frames[2].truth.image.shape == (24, 36)


def test_pairs_without_a_reference_or_a_way_to_make_one_are_refused(tmp_path):
    record(tmp_path / 'r')
    with pytest.raises(ValueError, match='has no reference to pair with'):
        opened(source=str(tmp_path / 'r'), pairs=True, scale=2)
    with pytest.raises(ValueError, match='no degradation'):
        opened(source=str(tmp_path / 'r'), pairs=True, scale=2, degrade='washing')
    with pytest.raises(ValueError, match='set pairs to true'):
        CameraParameters(reference_topic='/x').check()
