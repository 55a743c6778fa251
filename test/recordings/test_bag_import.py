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
import cv2
import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.compressed import encode_compressed
from cdst_ros.recordings.bag_import import BagChoice, import_bag
from cdst_ros.recordings.errors import BagError, RecordingError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.verify import verify

from .bags import (
    CAMERA,
    COLOR,
    COLOR_INFO,
    DEPTH,
    INFO,
    PERIOD,
    START,
    STORAGES,
    compressed,
    depth_pixels,
    image,
    info,
    transforms,
    write,
)

COLOR_CAMERA = CameraModel.from_intrinsics(60.0, 61.0, 31.5, 23.5, 64, 48)
HIGH_CAMERA = CameraModel.from_intrinsics(90.0, 90.0, 47.5, 35.5, 96, 72)
HIGH, HIGH_INFO = '/lidar/depth/image_raw', '/lidar/depth/camera_info'


def rgb(number=0):
    return np.full((48, 64, 3), (200, 30, 10 + number), np.uint8)


def jpeg(number=0):
    _, data = cv2.imencode('.jpg', np.ascontiguousarray(rgb(number)[..., ::-1]))
    return data.tobytes()


def depth_message(number, stamp, transport):
    depth = depth_pixels(number)
    if transport == 'raw':
        return DEPTH, image(stamp, depth, '16UC1')
    metres = np.where(depth > 0, depth / np.float32(1000), np.nan).astype(np.float32)
    fmt, data = encode_compressed(metres, '16UC1')
    return DEPTH + '/compressedDepth', compressed(stamp, fmt, data)


def color_message(number, stamp, transport):
    if transport == 'raw':
        return COLOR, image(stamp, rgb(number), 'rgb8', 'color_optical')
    message = compressed(stamp, 'rgb8; jpeg compressed bgr8', jpeg(number), 'color_optical')
    return COLOR + '/compressed', message


def walk(frames=4, depth='raw', color='raw', start=START):
    """Yield what a robot records that drives 0.3 m a frame along x of odom."""
    fixed = transforms(
        ('base', 'depth_optical', (0, 0, 0.5), (0, 0, 0, 1)),
        ('base', 'color_optical', (0, 0.05, 0.5), (0, 0, 0, 1)),
    )
    yield '/tf_static', fixed, start
    for number in range(frames + 1):
        # Between the frames, as a real localisation is.
        stamp = start + number * PERIOD - PERIOD // 2
        moved = ('odom', 'base', (0.3 * number, 0, 0), (0, 0, 0, 1))
        yield '/tf', transforms(moved, stamp=stamp), stamp
    for number in range(frames):
        stamp = start + number * PERIOD
        for topic, message in (
            (INFO, info(stamp)),
            (COLOR_INFO, info(stamp + 900_000, COLOR_CAMERA, 'color_optical')),
            color_message(number, stamp + 900_000, color),
            depth_message(number, stamp, depth),
        ):
            yield topic, message, stamp + 4_000_000


@pytest.mark.parametrize('storage', STORAGES)
@pytest.mark.parametrize('depth', ['raw', 'compressedDepth'])
@pytest.mark.parametrize('color', ['raw', 'compressed'])
def test_a_bag_becomes_a_recording(tmp_path, storage, depth, color):
    bag = write(tmp_path / 'tour', walk(4, depth, color), storage)
    steps = []
    result = import_bag(
        bag,
        tmp_path / 'r',
        BagChoice(world='odom'),
        progress=lambda done, of: steps.append((done, of)),
    )
    assert (result.frames, result.colored, result.posed, result.left_out) == (4, 4, 4, {})
    assert steps == [(n, 4) for n in (1, 2, 3, 4)]
    assert verify(tmp_path / 'r').sound

    (sequence,) = Recording(tmp_path / 'r').sequences
    entry = sequence.entry
    assert (entry.name, entry.source, entry.world, entry.ended) == (
        'tour', 'bag tour', 'odom', True,
    )  # fmt: skip
    assert (entry.offered, entry.dropped) == (4, {})
    assert entry.topics == {
        'depth': DEPTH if depth == 'raw' else DEPTH + '/compressedDepth',
        'depth_info': INFO,
        'color': COLOR if color == 'raw' else COLOR + '/compressed',
        'color_info': COLOR_INFO,
    }
    for number, frame in enumerate(sequence):
        assert frame.stamp_ns == START + number * PERIOD
        np.testing.assert_array_equal(
            np.nan_to_num(frame.depth() * 1000).round(), depth_pixels(number)
        )
        assert (frame.camera(), frame.camera('color')) == (CAMERA, COLOR_CAMERA)
        assert (frame.frame_id(), frame.frame_id('color')) == ('depth_optical', 'color_optical')
        np.testing.assert_allclose(frame.color(), rgb(number), atol=6)
        np.testing.assert_allclose(frame.extrinsics('color')[:3, 3], (0, 0.05, 0), atol=1e-12)
        # Half-way between two poses.
        np.testing.assert_allclose(frame.pose[:3, 3], (0.3 * number + 0.15, 0, 0.5), atol=1e-6)


def test_jpeg_colour_is_kept_byte_for_byte(tmp_path):
    import_bag(write(tmp_path / 'b', walk(2, color='compressed')), tmp_path / 'r')
    assert (tmp_path / 'r/color/000001.jpg').read_bytes() == jpeg(1)


def with_high(frames=3):
    yield from walk(frames)
    for number in range(frames):
        stamp = START + number * PERIOD + 2_000_000
        high = np.full((72, 96), 1500 + number, np.uint16)
        yield HIGH, image(stamp, high, '16UC1', 'lidar_optical'), stamp
        yield HIGH_INFO, info(stamp, HIGH_CAMERA, 'lidar_optical'), stamp


def test_a_reference_comes_with_a_camera_of_its_own(tmp_path):
    bag = write(tmp_path / 'b', with_high())
    with pytest.raises(BagError, match='several depth topics'):
        import_bag(bag, tmp_path / 'r')
    assert not (tmp_path / 'r').exists()
    choice = BagChoice(depth_topic=DEPTH, reference_topic=HIGH)
    assert import_bag(bag, tmp_path / 'r', choice).frames == 3
    frame = Recording(tmp_path / 'r')[1]
    assert frame.camera('reference') == HIGH_CAMERA
    assert frame.frame_id('reference') == 'lidar_optical'
    np.testing.assert_allclose(frame.reference(), np.full((72, 96), 1.501), atol=1e-6)
    assert frame.extrinsics('reference') is None, 'nobody said where the lidar is'
    assert frame.pose is None, 'no world was named'


def test_colour_is_left_out_where_there_is_none_or_none_is_wanted(tmp_path):
    bag = write(tmp_path / 'b', (m for m in walk(2) if m[0] not in (COLOR, COLOR_INFO)))
    assert import_bag(bag, tmp_path / 'r').colored == 0
    bag = write(tmp_path / 'c', walk(2))
    assert import_bag(bag, tmp_path / 's', BagChoice(color_topic='')).colored == 0
    more = [*walk(2), *((f'/other{t}', m, n) for t, m, n in walk(2) if t == COLOR)]
    with pytest.raises(BagError, match='several colour topics'):
        import_bag(write(tmp_path / 'd', more), tmp_path / 't')
    assert not (tmp_path / 't').exists()


@pytest.mark.parametrize(
    ('world', 'reason'),
    [('map', 'never link the depth camera to "map"; at the top of their trees is odom')],
)
def test_poses_that_cannot_be_had_are_explained(tmp_path, world, reason):
    result = import_bag(write(tmp_path / 'b', walk(2)), tmp_path / 'r', BagChoice(world=world))
    assert (result.frames, result.posed) == (2, 0)
    assert reason in ' '.join(result.notes)
    still = (message for message in walk(2) if message[0] != '/tf')
    result = import_bag(write(tmp_path / 'c', still), tmp_path / 's', BagChoice(world=world))
    assert 'the bag has no /tf' in ' '.join(result.notes)


def test_frames_beyond_the_poses_have_none(tmp_path):
    messages = [m for m in walk(4) if m[0] != '/tf' or m[2] < START + 2 * PERIOD]
    result = import_bag(write(tmp_path / 'b', messages), tmp_path / 'r', BagChoice(world='odom'))
    assert (result.frames, result.posed) == (4, 2)
    assert [f.pose is not None for f in Recording(tmp_path / 'r')] == [True, True, False, False]


def test_what_is_left_out_is_counted_by_reason(tmp_path):
    messages = list(walk(5))
    depths = [place for place, message in enumerate(messages) if message[0] == DEPTH]
    infos = [place for place, message in enumerate(messages) if message[0] == INFO]
    messages[depths[1]][1].encoding = 'rgb8'
    del messages[infos[3]]
    result = import_bag(write(tmp_path / 'b', messages), tmp_path / 'r')
    assert result.frames == 3
    assert sorted(result.left_out.values()) == [1, 1]
    assert result.left_out['damaged message'] == 1
    assert any('no message of its stamp on' in reason for reason in result.left_out)
    (sequence,) = Recording(tmp_path / 'r').sequences
    assert (sequence.entry.offered, sequence.entry.dropped) == (5, result.left_out)


def test_every_third_frame_is_kept_where_that_is_asked(tmp_path):
    result = import_bag(write(tmp_path / 'b', walk(8)), tmp_path / 'r', BagChoice(every=3))
    assert (result.frames, result.left_out) == (3, {'between those wanted (every 3)': 5})
    stamps = [frame.stamp_ns for frame in Recording(tmp_path / 'r')]
    assert stamps == [START + number * PERIOD for number in (0, 3, 6)]


def test_stamps_that_are_never_set_leave_one_frame(tmp_path):
    messages = [(DEPTH, image(0, depth_pixels(n), '16UC1'), START + n * PERIOD) for n in range(3)]
    result = import_bag(write(tmp_path / 'b', messages), tmp_path / 'r')
    assert result.frames == 1
    assert result.left_out == {'stamp not after that of the frame before': 2}


def test_a_clock_that_is_set_back_in_a_bag_begins_a_sequence(tmp_path):
    messages = []
    for number, stamp in enumerate((START, START + PERIOD, START - 10**10)):
        log = START + number * PERIOD
        messages.append((DEPTH, image(stamp, depth_pixels(number), '16UC1'), log))
    import_bag(write(tmp_path / 'b', messages), tmp_path / 'r')
    first, second = Recording(tmp_path / 'r').sequences
    assert (len(first), len(second)) == (2, 1)
    assert 'set back' in second.entry.began


def test_a_second_bag_is_appended_as_a_sequence_of_its_own(tmp_path):
    for day, start in (('monday', START), ('tuesday', START + 10**14)):
        bag = write(tmp_path / day, walk(2, start=start))
        import_bag(bag, tmp_path / 'r', append=True)
    with pytest.raises(RecordingError, match='holds a recording already'):
        import_bag(bag, tmp_path / 'r')
    names = [s.entry.name for s in Recording(tmp_path / 'r').sequences]
    assert names == ['monday', 'tuesday']
    assert verify(tmp_path / 'r').sound


def test_a_camera_info_of_another_size_is_not_taken_for_the_image(tmp_path):
    messages = [(t, info(START, HIGH_CAMERA) if t == INFO else m, n) for t, m, n in walk(1)]
    import_bag(write(tmp_path / 'b', messages), tmp_path / 'r')
    assert Recording(tmp_path / 'r')[0].camera() is None
    assert verify(tmp_path / 'r').sound


def test_half_a_bag_gives_half_a_recording(tmp_path):
    noise = np.random.default_rng(0).integers(1, 60000, (240, 320), np.uint16)
    messages = [
        (DEPTH, image(m.header.stamp.sec * 10**9 + m.header.stamp.nanosec, noise, '16UC1'), time)
        if topic == DEPTH
        else (topic, m, time)
        for topic, m, time in walk(30)
        if topic != INFO
    ]
    bag = write(tmp_path / 'b', messages, '.mcap')
    file = bag / 'b.mcap'
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    result = import_bag(bag, tmp_path / 'r', BagChoice(world='odom'))
    assert 5 < result.frames < 25
    assert result.posed == result.frames
    assert result.left_out['lost with a damaged part of the bag'] > 5
    assert 'damaged' in ' '.join(result.notes)
    assert verify(tmp_path / 'r').sound
