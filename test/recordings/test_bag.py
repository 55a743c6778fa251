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
import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import CompressionMode, Reader

from cdst_ros.depth.compressed import encode_compressed
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.errors import BagError

from .bags import (
    CAMERA,
    COLOR,
    COLOR_INFO,
    DEPTH,
    INFO,
    PERIOD,
    START,
    STORAGES,
    TYPES,
    compressed,
    depth_pixels,
    image,
    info,
    write,
)


def plain(frames=5, topic=DEPTH, info_topic=INFO):
    for number in range(frames):
        stamp = START + number * PERIOD
        yield topic, image(stamp, depth_pixels(number), '16UC1'), stamp + 5_000_000
        yield info_topic, info(stamp), stamp + 4_000_000


def numbers(frames):
    return [round(float(frame.depth[1, 1]) * 1000) - 1000 for frame in frames]


@pytest.fixture(params=STORAGES)
def storage(request):
    return request.param


def test_frames_come_with_their_camera_in_order(tmp_path, storage):
    with BagReader(write(tmp_path / 'b', plain(), storage)) as bag:
        assert (bag.topics.depth, bag.topics.depth_info, bag.topics.color) == (DEPTH, INFO, None)
        assert len(bag) == 5
        frames = list(bag)
    assert numbers(frames) == [0, 1, 2, 3, 4]
    first = frames[0]
    assert (first.stamp_ns, first.log_time_ns) == (START, START + 5_000_000)
    assert (first.frame_id, first.encoding) == ('depth_optical', '16UC1')
    assert np.isnan(first.depth[0, 0])
    assert first.camera == CAMERA
    assert first.color is None
    assert (bag.counts.frames, bag.counts.damaged, bag.counts.unpaired) == (5, 0, 0)
    assert not bag.damage


def test_a_bag_is_read_again_and_again(tmp_path):
    with BagReader(write(tmp_path / 'b', plain())) as bag:
        assert numbers(bag) == numbers(bag) == [0, 1, 2, 3, 4]
        assert bag.counts.frames == 5


def test_one_storage_file_is_a_bag(tmp_path, storage):
    write(tmp_path / 'b', plain(), storage)
    with BagReader(tmp_path / 'b' / f'b{storage}') as bag:
        assert numbers(bag) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize('mode', [CompressionMode.FILE, CompressionMode.MESSAGE])
def test_compressed_bags_are_read(tmp_path, mode):
    with BagReader(write(tmp_path / 'b', plain(), '.db3', mode)) as bag:
        assert numbers(bag) == [0, 1, 2, 3, 4]


def test_compressed_chunks_are_read(tmp_path):
    with BagReader(write(tmp_path / 'b', plain(), '.mcap', CompressionMode.STORAGE)) as bag:
        assert numbers(bag) == [0, 1, 2, 3, 4]


def split(tmp_path, storage):
    """Make a bag of two files, as "ros2 bag record --max-bag-duration" does."""
    messages = list(plain(6))
    write(tmp_path / 'b', messages[:6], storage)
    write(tmp_path / 'second', messages[6:], storage)
    (tmp_path / 'second' / f'second{storage}').rename(tmp_path / 'b' / f'b_1{storage}')
    file = tmp_path / 'b' / 'metadata.yaml'
    metadata = yaml.safe_load(file.read_text())
    content = metadata['rosbag2_bagfile_information']
    content['relative_file_paths'].append(f'b_1{storage}')
    content['message_count'] = 12
    for topic in content['topics_with_message_count']:
        topic['message_count'] = 6
    file.write_text(yaml.safe_dump(metadata))
    return tmp_path / 'b'


def test_split_bags_are_read_through(tmp_path, storage):
    with BagReader(split(tmp_path, storage)) as bag:
        assert len(bag) == 6
        assert numbers(bag) == [0, 1, 2, 3, 4, 5]


def test_a_damaged_file_of_a_split_bag_costs_itself(tmp_path, storage):
    path = split(tmp_path, storage)
    file = path / f'b_1{storage}'
    file.write_bytes(file.read_bytes()[:100])
    with BagReader(path) as bag:
        assert numbers(bag) == [0, 1, 2]
        assert f'b_1{storage} is damaged' in ' '.join(bag.damage.notes)
        assert bag.damage.lost == 6


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_compressed_depth_is_read(tmp_path, encoding):
    depth = depth_pixels(0).astype(np.float32) / 1000
    depth[0, 0] = np.nan
    fmt, data = encode_compressed(depth, encoding)
    topic = DEPTH + '/compressedDepth'
    messages = [(topic, compressed(START, fmt, data), START), (INFO, info(START), START)]
    with BagReader(write(tmp_path / 'b', messages)) as bag:
        (frame,) = bag
    assert bag.topics.depth == topic
    assert frame.encoding == encoding
    assert frame.camera == CAMERA
    np.testing.assert_allclose(frame.depth, depth, rtol=0.01)


def test_raw_depth_is_preferred_to_the_same_depth_compressed(tmp_path):
    fmt, data = encode_compressed(np.ones((24, 32), np.float32), '16UC1')
    extra = [(DEPTH + '/compressedDepth', compressed(START, fmt, data), START)]
    with BagReader(write(tmp_path / 'b', [*extra, *plain(1)])) as bag:
        assert bag.topics.depth == DEPTH


def test_several_depth_topics_have_to_be_chosen_from(tmp_path):
    aligned = '/cam/aligned_depth_to_color/image_raw'
    messages = [*plain(2), *plain(3, aligned, '/cam/aligned_depth_to_color/camera_info')]
    path = write(tmp_path / 'b', messages)
    with pytest.raises(BagError, match='several depth topics') as caught:
        BagReader(path)
    assert f'{DEPTH} (depth: 16UC1, 2 messages)' in str(caught.value)
    assert f'{aligned} (depth: 16UC1, 3 messages)' in str(caught.value)
    assert '--depth-topic' in str(caught.value)
    with BagReader(path, depth_topic=aligned.lstrip('/')) as bag:
        assert numbers(bag) == [0, 1, 2]
    with pytest.raises(BagError, match='has no image topic /depth'):
        BagReader(path, depth_topic='/depth')


def test_a_bag_without_depth_lists_what_it_has(tmp_path):
    grey = np.zeros((24, 32), np.uint16)
    path = write(tmp_path / 'b', [('/cam/infra1/image_rect_raw', image(1, grey, 'mono16'), 1)])
    with pytest.raises(BagError, match='no depth topic: /cam/infra1/image_rect_raw'):
        BagReader(path)


def test_mono16_is_depth_where_the_topic_says_so(tmp_path):
    messages = [('/depth/image_raw', image(START, depth_pixels(3), 'mono16'), START)]
    with BagReader(write(tmp_path / 'b', messages)) as bag:
        (frame,) = bag
    assert frame.encoding == '16UC1'
    assert numbers([frame]) == [3]


def test_without_camera_info_frames_have_no_camera(tmp_path):
    messages = [message for message in plain(3) if message[0] == DEPTH]
    with BagReader(write(tmp_path / 'b', messages)) as bag:
        frames = list(bag)
    assert bag.topics.depth_info is None
    assert [frame.camera for frame in frames] == [None, None, None]


def test_a_lost_camera_info_costs_its_frame(tmp_path):
    messages = list(plain(4))
    del messages[3]
    with BagReader(write(tmp_path / 'b', messages)) as bag:
        assert numbers(bag) == [0, 2, 3]
        assert bag.counts.unpaired == 1


def test_camera_infos_of_other_stamps_are_explained_and_can_be_left_out(tmp_path):
    messages = [(t, info(START - 10**9) if t == INFO else m, time) for t, m, time in plain(3)]
    path = write(tmp_path / 'b', messages)
    with BagReader(path) as bag, pytest.raises(BagError, match='same stamp on /cam/depth/camera'):
        list(bag)
    with BagReader(path, info_topic='') as bag:
        assert numbers(bag) == [0, 1, 2]


@pytest.mark.parametrize('missing', [2, 3])
@pytest.mark.parametrize('require', [False, True])
def test_colour_comes_with_its_depth_where_there_is_some(tmp_path, require, missing):
    def messages():
        red = np.zeros((48, 64, 3), np.uint8)
        red[..., 2] = 255
        for number in range(4):
            stamp = START + number * PERIOD
            if number != missing:
                yield COLOR, image(stamp + 1_000_000, red, 'bgr8', 'color_optical'), stamp
                yield COLOR_INFO, info(stamp + 1_000_000, CAMERA, 'color_optical'), stamp
            yield DEPTH, image(stamp, depth_pixels(number), '16UC1'), stamp
            yield INFO, info(stamp), stamp

    path = write(tmp_path / 'b', messages())
    with BagReader(path, color_topic='', require_color=require) as bag:
        frames = list(bag)
    assert bag.topics.color == COLOR
    assert numbers(frames) == [n for n in range(4) if not (require and n == missing)]
    for frame in frames:
        if numbers([frame]) == [missing]:
            assert (frame.color, frame.color_camera, frame.color_frame_id) == (None, None, '')
            continue
        assert frame.color.shape == (48, 64, 3)
        assert frame.color[0, 0].tolist() == [255, 0, 0]
        assert frame.color_frame_id == 'color_optical'
        assert frame.color_camera == CAMERA


@pytest.mark.parametrize(
    ('topic', 'bends'),
    [('/cam/image_raw', True), ('/cam/image_rect_color', False)],
)
def test_colour_of_a_topic_of_rectified_images_has_no_distortion_left(tmp_path, topic, bends):
    lens = replace(CAMERA, d=(-0.2, 0.02, 0.0, 0.0, 0.0))
    messages = [
        (topic, image(START, np.zeros((48, 64, 3), np.uint8), 'bgr8', 'optical'), START),
        ('/cam/camera_info', info(START, lens, 'optical'), START),
        (DEPTH, image(START, depth_pixels(0), '16UC1'), START),
        (INFO, info(START), START),
    ]
    with BagReader(write(tmp_path / 'b', messages), color_topic='') as bag:
        (frame,) = bag
    assert frame.color_camera == (lens if bends else lens.rectified())


def test_jpeg_colour_is_read(tmp_path):
    _, jpeg = cv2.imencode('.jpg', np.full((48, 64, 3), (0, 0, 250), np.uint8))
    stamp = START
    messages = [
        (COLOR + '/compressed', compressed(stamp, 'rgb8; jpeg compressed bgr8', jpeg), stamp),
        (DEPTH, image(stamp, depth_pixels(0), '16UC1'), stamp),
    ]
    with BagReader(write(tmp_path / 'b', messages), color_topic='') as bag:
        (frame,) = bag
    assert frame.color[5, 5, 0] > 240


def test_a_damaged_message_costs_itself_and_is_counted(tmp_path, storage):
    messages = list(plain(6))
    topic, message, time = messages[2]
    whole = bytes(TYPES.serialize_cdr(message, message.__msgtype__))
    messages[2] = topic, (message.__msgtype__, whole[:200]), time
    topic, message, time = messages[6]
    message.encoding = 'rgb8'
    messages[6] = topic, message, time
    with BagReader(write(tmp_path / 'b', messages, storage)) as bag:
        assert numbers(bag) == [0, 2, 4, 5]
        assert bag.counts.damaged == 2
        assert bag.counts.depth_messages == 6
        assert bag.counts.unpaired == 0
        assert any('rgb8' in fault for fault in bag.counts.faults)


def test_random_damage_never_stops_the_reader(tmp_path):
    rng = random.Random(7)
    messages = []
    for topic, message, time in plain(60):
        data = bytearray(TYPES.serialize_cdr(message, message.__msgtype__))
        if rng.random() < 0.7:
            for _ in range(rng.randint(1, 30)):
                data[rng.randrange(min(len(data), 400))] = rng.randrange(256)
            del data[rng.randrange(len(data)) if rng.random() < 0.3 else len(data) :]
        messages.append((topic, (message.__msgtype__, bytes(data)), time))
    with BagReader(write(tmp_path / 'b', messages), depth_topic=DEPTH) as bag:
        frames = list(bag)
    assert frames
    assert bag.counts.damaged > 5
    assert bag.counts.depth_messages == 60


def test_nothing_but_damage_is_an_error(tmp_path):
    messages = [(DEPTH, image(START + n, depth_pixels(n), '16UC1'), START + n) for n in range(3)]
    for _, message, _ in messages:
        message.data = message.data[:100]
    said = r'none of the 3 depth messages .* 3 messages are damaged'
    with BagReader(write(tmp_path / 'b', messages)) as bag, pytest.raises(BagError, match=said):
        list(bag)


def test_an_empty_bag_has_no_depth(tmp_path):
    write(tmp_path / 'b', [])
    with pytest.raises(BagError, match='has no depth topic: no image topics at all'):
        BagReader(tmp_path / 'b')


@pytest.mark.parametrize('compression', [None, CompressionMode.STORAGE])
@pytest.mark.parametrize('share', [0.3, 0.6, 0.97])
def test_a_truncated_mcap_yields_what_is_left(tmp_path, share, compression):
    def big():
        for number in range(40):
            stamp = START + number * PERIOD
            noise = np.random.default_rng(number).integers(1, 60000, (240, 320), np.uint16)
            noise[1, 1] = 1000 + number
            yield DEPTH, image(stamp, noise, '16UC1'), stamp
            yield INFO, info(stamp, CAMERA), stamp

    path = write(tmp_path / 'b', big(), '.mcap', compression)
    file = path / 'b.mcap'
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(Exception, match='end magic'), Reader(path):
        pass
    with BagReader(path) as bag:
        found = numbers(bag)
    # Up to a chunk, a mebibyte, may be lost besides what was cut off.
    assert int(40 * share) - 8 <= len(found) <= int(40 * share)
    assert found == list(range(len(found)))
    assert bag.damage.lost >= 2 * (40 - len(found)) - 1
    assert 'breaks off' in ' '.join(bag.damage.notes)


def test_a_damaged_chunk_costs_itself(tmp_path):
    def big():
        for number in range(40):
            stamp = START + number * PERIOD
            noise = np.random.default_rng(number).integers(1, 60000, (240, 320), np.uint16)
            noise[1, 1] = 1000 + number
            yield DEPTH, image(stamp, noise, '16UC1'), stamp

    path = write(tmp_path / 'b', big(), '.mcap', CompressionMode.STORAGE)
    file = path / 'b.mcap'
    data = bytearray(file.read_bytes())
    middle = data.index(b'\x28\xb5\x2f\xfd', len(data) // 2)
    data[middle + 8 : middle + 40] = bytes(32)
    file.write_bytes(data)
    with BagReader(path) as bag:
        found = numbers(bag)
    assert 25 <= len(found) < 40
    assert found == sorted(set(found))
    assert found[0] == 0
    assert found[-1] == 39
    assert bag.damage.lost == 40 - len(found)
    assert 'is damaged' in ' '.join(bag.damage.notes)


@pytest.mark.parametrize('share', [0.4, 0.9])
def test_a_truncated_database_yields_what_is_left(tmp_path, share):
    path = write(tmp_path / 'b', plain(60), '.db3')
    file = path / 'b.db3'
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with BagReader(path) as bag:
        found = numbers(bag)
    assert len(found) >= int(60 * share) - 10
    assert found == sorted(set(found))
    assert bag.damage.lost > 0
    assert 'rows are damaged' in ' '.join(bag.damage.notes)


def test_a_damaged_page_of_a_database_costs_its_rows(tmp_path):
    path = write(tmp_path / 'b', plain(60), '.db3')
    file = path / 'b.db3'
    data = bytearray(file.read_bytes())
    at = len(data) // 8192 * 4096
    data[at : at + 8192] = bytes(8192)
    file.write_bytes(data)
    with BagReader(path) as bag:
        found = numbers(bag)
    assert 40 < len(found) <= 60
    assert found == sorted(set(found))


def test_a_bag_whose_recorder_was_killed_has_no_metadata_and_is_read(tmp_path, storage):
    path = write(tmp_path / 'b', plain(), storage)
    (path / 'metadata.yaml').unlink()
    with BagReader(path) as bag:
        assert numbers(bag) == [0, 1, 2, 3, 4]
        assert 'metadata' in bag.damage.notes[0]


WRITE_AHEAD = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
rows = database.execute('SELECT topic_id, timestamp, data FROM messages').fetchall()
database.execute('DELETE FROM messages')
database.commit()
database.execute('VACUUM')
database.execute('PRAGMA journal_mode=WAL')
database.execute('PRAGMA wal_autocheckpoint=0')
database.executemany('INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)', rows)
database.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_messages_in_the_log_of_a_killed_recorder_are_read(tmp_path):
    path = write(tmp_path / 'b', plain(), '.db3')
    subprocess.run([sys.executable, '-c', WRITE_AHEAD, str(path / 'b.db3')], check=False)
    (path / 'metadata.yaml').unlink()
    assert (path / 'b.db3-wal').stat().st_size > 0
    with BagReader(path) as bag:
        assert numbers(bag) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize('name', ['b.mcap', 'b.db3'])
@pytest.mark.parametrize('content', [b'', b'\x89MCAP0\r\n', b'SQLite format 3\0' + bytes(84)])
def test_a_file_with_nothing_in_it_says_so(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BagError, match=r'nothing can be read of .*: .*Restore it'):
        BagReader(tmp_path / name)


def test_what_is_no_bag_is_refused(tmp_path):
    with pytest.raises(BagError, match='does not exist'):
        BagReader(tmp_path / 'absent')
    with pytest.raises(BagError, match='is no bag'):
        BagReader(tmp_path)
    (tmp_path / 'old.bag').write_bytes(b'#ROSBAG V2.0')
    with pytest.raises(
        BagError, match=r'is no bag: give a rosbag2 folder .*or one \.mcap or \.db3'
    ):
        BagReader(tmp_path / 'old.bag')


def test_a_database_that_is_none_of_ros_says_so(tmp_path):
    database = sqlite3.connect(tmp_path / 'b.db3')
    database.execute('CREATE TABLE songs (id INTEGER)')
    database.close()
    with pytest.raises(BagError, match='missing tables'):
        BagReader(tmp_path / 'b.db3')


def test_memory_does_not_grow_with_the_bag(tmp_path):
    """The reader holds what waits for its companions, not the frames it has yielded."""
    import tracemalloc

    peaks = []
    for frames in (30, 120):
        stamp = [START + n * PERIOD for n in range(frames)]
        big = np.full((240, 320), 900, np.uint16)
        path = write(tmp_path / str(frames), ((DEPTH, image(s, big, '16UC1'), s) for s in stamp))
        with BagReader(path) as bag:
            tracemalloc.start()
            assert sum(1 for _ in bag) == frames
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        shutil.rmtree(path)
    assert peaks[1] < peaks[0] * 1.5


def with_reference(lag=0, every=1, frames=5):
    yield from plain(frames)
    for number in range(0, frames, every):
        stamp = START + number * PERIOD + lag
        pixels = np.repeat(np.repeat(depth_pixels(number), 2, axis=0), 2, axis=1)
        yield '/ref/image_raw', image(stamp, pixels, '16UC1', 'ref_optical'), stamp + 6_000_000
        finer = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
        yield '/ref/camera_info', info(stamp, finer, 'ref_optical'), stamp + 6_000_000


def test_a_reference_comes_with_its_depth(tmp_path, storage):
    bag = write(tmp_path / 'b', with_reference(lag=2_000_000), storage)
    with BagReader(bag, reference_topic='/ref/image_raw') as reader:
        assert reader.topics.depth == DEPTH
        assert len(reader) == 5
        frames = list(reader)
    assert numbers(frames) == [0, 1, 2, 3, 4]
    assert frames[3].reference.shape == (48, 64)
    assert frames[3].reference[2, 2] == frames[3].depth[1, 1]
    assert frames[3].reference_stamp_ns == frames[3].stamp_ns + 2_000_000
    assert frames[3].reference_frame_id == 'ref_optical'
    assert frames[3].reference_camera.matches(64, 48)


def test_depth_without_a_reference_within_the_tolerance_is_counted(tmp_path):
    bag = write(tmp_path / 'b', with_reference(lag=2_000_000, every=2))
    with BagReader(bag, reference_topic='/ref/image_raw') as reader:
        assert len(reader) == 3
        assert numbers(reader) == [0, 2, 4]
        assert reader.counts.unpaired == 2
    with (
        BagReader(bag, reference_topic='/ref/image_raw', tolerance_ns=1_000_000) as reader,
        pytest.raises(
            BagError, match=r'no message of the same stamp on .*/ref/image_raw.* 1 ms apart'
        ),
    ):
        list(reader)


def test_a_damaged_reference_costs_its_frame(tmp_path):
    messages = list(with_reference())
    short = image(START, depth_pixels(0), '16UC1', 'ref_optical')
    short.data = short.data[:100]
    messages[10] = ('/ref/image_raw', short, START + 6_000_000)
    with BagReader(write(tmp_path / 'b', messages), reference_topic='/ref/image_raw') as reader:
        assert numbers(reader) == [1, 2, 3, 4]
        assert reader.counts.damaged == 1


def test_colour_that_is_recorded_after_its_depth_comes_with_it_from_the_first_frame_on(tmp_path):
    messages = []
    for number in range(4):
        stamp = START + number * PERIOD
        messages += [
            (DEPTH, image(stamp, depth_pixels(number), '16UC1'), stamp),
            (INFO, info(stamp), stamp),
            (COLOR, image(stamp, np.zeros((24, 32, 3), np.uint8), 'rgb8'), stamp + 1_000_000),
        ]
    with BagReader(write(tmp_path / 'b', messages), color_topic='') as bag:
        assert [frame.color is not None for frame in bag] == [True] * 4
