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
import re

import numpy as np
import pytest
import yaml

from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.bag_export import export_bag
from cdst_ros.recordings.bag_import import BagChoice, import_bag
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.bag_transforms import read_moving_transforms
from cdst_ros.recordings.errors import BagError, RecordingError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.writer import Picture, RecordingWriter

from .walks import CAMERA, HIGH_CAMERA, SECOND, TOPICS, moved, numbers, record

REFERENCE = '/truth/image_raw'


@pytest.mark.parametrize('storage', ['.mcap', '.db3'])
@pytest.mark.parametrize('compressed', [False, True])
@pytest.mark.parametrize('one_file', [False, True])
def test_a_recording_that_is_exported_and_imported_is_the_same(
    tmp_path, storage, compressed, one_file
):
    walk = record(tmp_path / 'walk', [(1, 2, 3)], reference=True)
    bag = tmp_path / ('tour' + (storage if one_file else ''))
    steps = []
    result = export_bag(
        walk,
        bag,
        storage=storage,
        compressed=compressed,
        progress=lambda done, of: steps.append((done, of)),
    )
    assert (result.frames, result.left_out, steps[-1]) == (3, [], (3, 3))
    assert {path.name for path in tmp_path.iterdir()} == {'walk', bag.name}
    if not one_file:
        assert {p.name for p in bag.iterdir()} == {f'tour{storage}', 'metadata.yaml'}
    depth = TOPICS['depth'] + ('/compressedDepth' if compressed else '')
    color = TOPICS['color'] + ('/compressed' if compressed else '')
    high = REFERENCE + ('/compressedDepth' if compressed else '')
    assert result.topics == {
        depth: 3, '/cam/depth/camera_info': 3, color: 3, '/cam/color/camera_info': 3,
        high: 3, '/truth/camera_info': 3, '/tf_static': 1, '/tf': 3,
    }  # fmt: skip

    choice = BagChoice(depth_topic=depth, reference_topic=high, world='odom')
    assert import_bag(bag, tmp_path / 'again', choice).frames == 3
    for mine, theirs in zip(Recording(tmp_path / 'again'), Recording(walk), strict=True):
        assert mine.stamp_ns == theirs.stamp_ns
        np.testing.assert_array_equal(mine.depth(), theirs.depth())
        np.testing.assert_array_equal(mine.reference(), theirs.reference())
        if compressed:
            assert mine.read_bytes('color') == theirs.read_bytes('color')
        np.testing.assert_allclose(mine.color(), theirs.color(), atol=3)
        for kind in ('depth', 'color', 'reference'):
            assert mine.camera(kind) == theirs.camera(kind)
            assert mine.frame_id(kind) == theirs.frame_id(kind)
        np.testing.assert_allclose(mine.pose, theirs.pose, atol=1e-12)
        np.testing.assert_allclose(
            mine.extrinsics('color'), theirs.extrinsics('color'), atol=1e-12
        )


def test_topics_that_came_compressed_go_compressed(tmp_path):
    topics = {
        'depth': '/d/image_raw/compressedDepth',
        'color': '/c/image_raw/compressed',
        'color_info': '/elsewhere/camera_info',
    }
    result = export_bag(record(tmp_path / 'walk', [(1,)], topics=topics), tmp_path / 'bag')
    assert set(result.topics) == {
        *topics.values(), '/d/camera_info', '/tf', '/tf_static',
    }  # fmt: skip


def test_a_recording_that_knows_no_topics_plays_into_the_nodes(tmp_path):
    result = export_bag(
        record(tmp_path / 'walk', [(1,)], topics={}, reference=True), tmp_path / 'bag'
    )
    assert {'/depth/image_raw', '/rgb/image_raw', '/truth/image_raw'} <= set(result.topics)


def test_transforms_are_latched_and_link_the_cameras_to_the_world(tmp_path):
    with RecordingWriter(tmp_path / 'walk') as writer:
        for stamp, y in ((1, 0.05), (2, 0.05), (3, 0.06)):
            writer.append(
                stamp * SECOND,
                Picture(np.full((12, 16), 900, np.uint16), 'tof', CAMERA),
                Picture(np.zeros((48, 64, 3), np.uint8), 'rgb', HIGH_CAMERA),
                pose=moved(x=stamp),
                extrinsics={'color': moved(y=y)},
            )
    result = export_bag(tmp_path / 'walk', tmp_path / 'bag')
    assert result.topics['/tf_static'] == 2, 'again when it changes'
    with BagStream(tmp_path / 'bag') as stream:
        found = read_moving_transforms(stream)
    matrix = found.between('rgb', 'map', 2 * SECOND)
    np.testing.assert_allclose(matrix[:3, 3], (2, 0.06, 0))
    metadata = yaml.safe_load((tmp_path / 'bag/metadata.yaml').read_text())
    listed = metadata['rosbag2_bagfile_information']['topics_with_message_count']
    (static,) = [
        t['topic_metadata'] for t in listed if t['topic_metadata']['name'] == '/tf_static'
    ]
    assert re.search(r'durability: 1\b', static['offered_qos_profiles']), 'transient local'


def test_images_of_one_frame_are_not_linked_to_themselves(tmp_path):
    with RecordingWriter(tmp_path / 'walk') as writer:
        writer.append(
            SECOND,
            Picture(np.full((12, 16), 900, np.uint16), 'tof', CAMERA),
            Picture(np.zeros((12, 16, 3), np.uint8), 'tof', CAMERA),
            extrinsics={'color': np.eye(4)},
        )
    assert '/tf_static' not in export_bag(tmp_path / 'walk', tmp_path / 'bag').topics


def test_one_camera_info_serves_two_images(tmp_path):
    topics = {'depth': '/a/depth', 'color': '/a/color'}
    camera = CameraModel.from_intrinsics(20.0, 21.0, 7.5, 5.5, 16, 12)
    with RecordingWriter(tmp_path / 'walk') as writer:
        writer.begin_sequence(topics=topics)
        writer.append(
            SECOND,
            Picture(np.full((12, 16), 900, np.uint16), 'tof', camera),
            Picture(np.zeros((12, 16, 3), np.uint8), 'tof', camera),
        )
    assert export_bag(tmp_path / 'walk', tmp_path / 'bag').topics == {
        '/a/depth': 1, '/a/color': 1, '/a/camera_info': 1,
    }  # fmt: skip


def test_sequences_are_played_in_the_order_of_time_or_one_at_a_time(tmp_path):
    walk = record(tmp_path / 'walk', [(11, 12), (1, 2)])
    export_bag(walk, tmp_path / 'both')
    with BagReader(tmp_path / 'both') as bag:
        assert numbers_of(bag) == [2, 3, 0, 1]
    walk = record(tmp_path / 'overlapping', [(1, 5), (2, 6)])
    with pytest.raises(RecordingError, match=r'overlap in time.*--sequence 0'):
        export_bag(walk, tmp_path / 'none')
    assert export_bag(walk, tmp_path / 'second', sequence=1).frames == 2
    with BagReader(tmp_path / 'second') as bag:
        assert numbers_of(bag) == [2, 3]
    with pytest.raises(RecordingError, match='those with frames are 0, 1'):
        export_bag(walk, tmp_path / 'none', sequence=7)


def numbers_of(bag):
    return [round(float(frame.depth[1, 1]) * 1000) - 1000 for frame in bag]


def test_a_damaged_frame_is_left_out_and_told(tmp_path):
    walk = record(tmp_path / 'walk', [(1, 2, 3)])
    (walk / 'depth' / '000001.png').write_bytes(b'no image')
    result = export_bag(walk, tmp_path / 'bag')
    assert result.frames == 2
    assert 'frame 1' in result.left_out[0]
    assert numbers(Recording(walk)[::2]) == [0, 2]


def test_a_bag_is_whole_or_absent_and_never_written_over(tmp_path, monkeypatch):
    walk = record(tmp_path / 'walk', [(1, 2, 3)])
    (tmp_path / 'there').mkdir()
    with pytest.raises(BagError, match='exists: choose another place'):
        export_bag(walk, tmp_path / 'there')

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('cdst_ros.recordings.bag_writer.BagWriter.write', full)
    with pytest.raises(OSError, match=r'No space left on device\. The recording is untouched'):
        export_bag(walk, tmp_path / 'bag')
    assert {path.name for path in tmp_path.iterdir()} == {'walk', 'there'}
