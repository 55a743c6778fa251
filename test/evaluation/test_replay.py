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

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.replay import Replay, realtime_factor, registered_color
from cdst_ros.evaluation.sources import SourceFrame, open_source
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution

from .conftest import CAMERA


def test_frames_go_through_exactly_the_one_frame_path(recording):
    engine = open_engine(None, 'bicubic', scale=2)
    settings = Settings(max_depth=3.05)
    replay = Replay(open_source(recording), SuperResolution(engine, settings))
    once = SuperResolution(engine, settings)
    names = []
    for frame, result, camera in replay:
        restored = result.depth.copy()
        np.testing.assert_array_equal(restored, once(frame.depth).depth)
        assert camera == CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
        names.append(frame.name)
    assert names == [f'{n:06d}' for n in range(6)]
    counts = replay.counts
    assert counts.frames == 6
    assert set(counts.seconds) == {'prepare', 'infer', 'bound', 'mask'}
    assert counts.recorded_seconds == pytest.approx(0.5)
    assert 0 < counts.clipped / 6 < 1
    assert counts.warnings == []


def test_a_frame_that_the_engine_cannot_take_costs_itself(recording, make_engine):
    engine = make_engine(fails_on=(2, 3))
    replay = Replay(open_source(recording), SuperResolution(engine))
    assert [r.frame.name for r in replay] == ['000000', '000003', '000004', '000005']
    assert replay.counts.skipped.count == 2
    assert 'worked to fail' in replay.counts.skipped.reasons[0]


def test_guided_engines_get_registered_colour(recording, make_engine):
    engine = make_engine(guided=True)
    replay = Replay(open_source(recording, color=True), SuperResolution(engine))
    assert sum(1 for _ in replay) == 6
    assert [color.shape for color in engine.colors] == [(48, 64, 3)] * 6
    engine = make_engine(guided=False)
    list(Replay(open_source(recording, color=True), SuperResolution(engine)))
    assert engine.colors == [None] * 6


def test_an_engine_that_works_without_colour_gets_what_there_is(recording, make_engine):
    engine = make_engine(guided=True, works_blind=True)
    replay = Replay(open_source(recording, color=True), SuperResolution(engine))
    assert sum(1 for _ in replay) == 6
    assert [color.shape for color in engine.colors] == [(48, 64, 3)] * 6
    assert replay.counts.blind.count == 0
    engine = make_engine(guided=True, works_blind=True)
    replay = Replay(open_source(recording, color=False), SuperResolution(engine))
    assert sum(1 for _ in replay) == 6
    assert engine.colors == [None] * 6
    (told,) = replay.counts.blind.reasons
    assert 'no colour (6 frames, the first 000000)' in told
    assert replay.counts.skipped.count == 0


OUTPUT = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
COLORED = SourceFrame(
    name='0',
    depth=np.ones((24, 32), np.float32),
    encoding='16UC1',
    color=np.zeros((48, 64, 3), np.uint8),
    color_registered=True,
    color_camera=OUTPUT,
)


def test_colour_of_the_same_camera_is_taken():
    assert registered_color(COLORED, 2, OUTPUT) is COLORED.color
    assert registered_color(COLORED._replace(color_camera=None), 2, OUTPUT) is COLORED.color


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'color': None}, 'no colour'),
        ({'color_registered': False}, 'of another frame than depth'),
        ({'color': np.zeros((24, 32, 3), np.uint8)}, 'colour is 32x24 and the output 64x48'),
        ({'color_camera': CAMERA}, 'other intrinsics'),
    ],
)
def test_colour_that_is_not_registered_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        registered_color(COLORED._replace(**change), 2, OUTPUT)


def test_depth_that_a_driver_has_enlarged_is_told_once(tmp_path, make_engine):
    import cv2

    rng = np.random.default_rng(1)
    for number in range(12):
        small = cv2.GaussianBlur(rng.normal(2500, 900, (60, 80)), (0, 0), 2) * 2
        blocks = np.kron(np.clip(small, 500, 9000).astype(np.uint16), np.ones((3, 3), np.uint16))
        cv2.imwrite(str(tmp_path / f'{number:02d}.png'), blocks)
    replay = Replay(open_source(tmp_path), SuperResolution(make_engine()))
    assert sum(1 for _ in replay) == 12
    (warning,) = replay.counts.warnings
    assert 'already enlarged 3 times' in warning


def test_faster_than_recorded():
    assert realtime_factor(10, 2) == 5
    assert np.isnan(realtime_factor(0, 2))
