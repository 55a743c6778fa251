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
import json

import cv2
import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.sources import Kind, SourceError, kind_of, open_source
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.errors import BagError, RecordingError
from cdst_ros.recordings.writer import Picture, RecordingWriter

from .conftest import CAMERA, scene_depth


@pytest.fixture
def bag(tmp_path):
    with BagWriter(tmp_path / 'drive') as writer:
        for number in range(3):
            depth = scene_depth(number).astype(np.float32) / 1000
            depth[depth == 0] = np.nan
            writer.write_depth('/d/image_raw', depth, 10 + number, 'tof', log_time_ns=20 + number)
            writer.write_camera('/d/camera_info', CAMERA, 10 + number, 'tof')
    return tmp_path / 'drive'


def test_kinds_are_told_by_what_is_there(tmp_path, recording, photos, bag):
    assert kind_of(recording) is Kind.RECORDING
    assert kind_of(photos) is Kind.FOLDER
    assert kind_of(photos / '000_depth.png') is Kind.IMAGE
    assert kind_of(bag) is Kind.BAG
    assert kind_of(bag / 'drive.mcap') is Kind.BAG
    assert kind_of(tmp_path) is None
    (tmp_path / 'notes.txt').write_text('')
    assert kind_of(tmp_path / 'notes.txt') is None


def test_what_is_no_source_is_refused(tmp_path):
    with pytest.raises(SourceError, match='does not exist'):
        open_source(tmp_path / 'absent')
    with pytest.raises(SourceError, match='is no bag, recording, folder of images or image'):
        open_source(tmp_path)


def test_a_recording_yields_its_frames(recording):
    with open_source(recording, color=True) as source:
        frames = list(source)
    assert len(source) == len(frames) == 6
    first = frames[0]
    assert (first.name, first.stamp_ns, first.frame_id) == ('000000', 100_000_000, 'tof')
    assert first.encoding == '16UC1'
    assert first.camera == CAMERA
    assert first.color.shape == (48, 64, 3)
    assert first.color_registered
    assert np.array_equal(first.to_color, np.eye(4))
    assert first.recorded.index == 0
    assert np.isnan(first.depth[18, 3])
    assert next(iter(open_source(recording))).color is None


def test_where_colour_was_taken_is_told(tmp_path):
    beside = np.eye(4)
    beside[0, 3] = 0.05
    depth, color = scene_depth().astype(np.float32) / 1000, np.zeros((24, 32, 3), np.uint8)
    for name, extrinsics in (('told', {'color': np.linalg.inv(beside)}), ('untold', {})):
        with RecordingWriter(tmp_path / name) as writer:
            pictures = Picture(scene_depth(), 'tof', CAMERA), Picture(color, 'rgb', CAMERA)
            writer.append(10, *pictures, extrinsics=extrinsics)
        with BagWriter(tmp_path / f'{name}_bag') as bag:
            bag.write_depth('/d/image_raw', depth, 10, 'tof')
            bag.write_camera('/d/camera_info', CAMERA, 10, 'tof')
            bag.write_color('/c/image_raw', color, 10, 'rgb')
            bag.write_camera('/c/camera_info', CAMERA, 10, 'rgb')
            if extrinsics:
                bag.write_transforms('/tf_static', [('rgb', 'tof', beside)], 10)
        for path in (tmp_path / name, tmp_path / f'{name}_bag'):
            with open_source(path, color=True) as source:
                (frame,) = source
            assert frame.color is not None
            assert not frame.color_registered
            if extrinsics:
                np.testing.assert_allclose(frame.to_color, beside, atol=1e-12)
            else:
                assert frame.to_color is None
            assert next(iter(open_source(path))).to_color is None, 'no colour was asked for'


def test_damage_in_a_recording_costs_its_frame(recording):
    (recording / 'depth' / '000001.png').write_bytes(b'')
    lines = (recording / 'frames.jsonl').read_text().splitlines()
    lines[3] = json.dumps({'index': 3})
    (recording / 'frames.jsonl').write_text('\n'.join(lines) + '\n')
    source = open_source(recording)
    assert [frame.name for frame in source] == ['000000', '000002', '000004', '000005']
    assert source.skipped.count == 2
    assert len(source) == 6
    told = ' '.join(source.skipped.reasons)
    assert 'line 4' in told
    assert '000001.png' in told


def test_a_bag_yields_its_frames(bag):
    with open_source(bag) as source:
        frames = list(source)
        assert len(source) == 3
    assert [(f.stamp_ns, f.log_time_ns) for f in frames] == [(10, 20), (11, 21), (12, 22)]
    assert frames[0].camera == CAMERA
    assert source.skipped.reasons == []


def test_a_camera_of_another_size_is_left_out(tmp_path):
    with BagWriter(tmp_path / 'b') as writer:
        writer.write_depth('/d/image_raw', np.ones((24, 32), np.float32), 10, 'tof')
        other = CameraModel.from_intrinsics(40.0, 40.0, 320.0, 240.0, 640, 480)
        writer.write_camera('/d/camera_info', other, 10, 'tof')
    (frame,) = open_source(tmp_path / 'b')
    assert frame.camera is None


def test_a_folder_yields_its_depth_images_with_their_colour(photos):
    np.savetxt(photos / 'K.txt', [[50, 0, 31.5], [0, 51, 23.5], [0, 0, 1]])
    source = open_source(photos, color=True)
    frames = list(source)
    assert [f.name for f in frames] == [f'{n:03d}_depth.png' for n in range(4)]
    assert frames[0].camera.intrinsics() == (50, 51, 31.5, 23.5)
    assert frames[0].color.shape == (48, 64, 3)
    assert frames[0].is_image
    np.testing.assert_allclose(frames[1].depth[0, 0], 3.005, rtol=1e-6)
    (photos / 'K.txt').write_text('nothing')
    with pytest.raises(RecordingError, match='no table of numbers'):
        list(source)


def test_a_folder_of_other_names_is_read_whole(tmp_path):
    for name in ('b.png', 'a.PNG', 'c.tiff'):
        pixels = np.full((6, 8), 2, np.float32 if name == 'c.tiff' else np.uint16)
        cv2.imwrite(str(tmp_path / name), pixels)
    source = open_source(tmp_path, depth_scale=0.5)
    frames = {frame.name: frame for frame in source}
    assert list(frames) == ['a.PNG', 'b.png', 'c.tiff']
    assert [float(f.depth[0, 0]) for f in frames.values()] == [1.0, 1.0, 2.0]
    assert [f.encoding for f in frames.values()] == ['16UC1', '16UC1', '32FC1']


def test_images_that_are_no_depth_cost_themselves(photos):
    cv2.imwrite(str(photos / '000_depth.png'), np.zeros((4, 4), np.uint8))
    file = photos / '001_depth.png'
    file.write_bytes(file.read_bytes()[:-20])
    (photos / '002_rgb.jpg').write_bytes(b'\xff\xd8\xffbroken')
    source = open_source(photos, color=True)
    assert [frame.name for frame in source] == ['003_depth.png']
    told = ' '.join(source.skipped.reasons)
    assert source.skipped.count == 3
    assert 'uint8: depth is one channel of 16 bits' in told
    assert 'cut short' in told
    assert '002_rgb.jpg' in told


@pytest.mark.parametrize('pixels', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_a_tiff_that_is_no_depth_is_told(tmp_path, pixels):
    cv2.imwrite(str(tmp_path / 'a.tiff'), pixels)
    (tmp_path / 'b.tiff').write_bytes(b'')
    source = open_source(tmp_path)
    assert list(source) == []
    assert 'depth is one channel' in source.skipped.reasons[0]
    assert 'no image that can be read' in source.skipped.reasons[1]


def test_a_bag_yields_references_and_how_the_cameras_lie(tmp_path):
    reference = np.full((48, 64), 2.0, np.float32)
    with BagWriter(tmp_path / 'b') as writer:
        writer.write('/tf_static', transforms(('tof', 'other', (0.1, 0.0, 0.0))), 9)
        writer.write_depth('/d/image_raw', reference[::2, ::2], 10, 'tof')
        writer.write_depth('/r/image_raw', reference, 10, 'other')
    with open_source(tmp_path / 'b', reference_topic='/r/image_raw') as source:
        (frame,) = source
    assert frame.reference.shape == (48, 64)
    assert frame.reference_frame_id == 'other'
    np.testing.assert_allclose(frame.to_reference[:3, 3], (-0.1, 0, 0))
    with pytest.raises(SourceError, match='is no bag'):
        open_source(tmp_path, reference_topic='/r/image_raw')


def transforms(*static):
    types = get_typestore(Stores.ROS2_HUMBLE).types
    stamp = types['builtin_interfaces/msg/Time'](sec=0, nanosec=0)
    made = [
        types['geometry_msgs/msg/TransformStamped'](
            header=types['std_msgs/msg/Header'](stamp=stamp, frame_id=parent),
            child_frame_id=child,
            transform=types['geometry_msgs/msg/Transform'](
                translation=types['geometry_msgs/msg/Vector3'](*shift),
                rotation=types['geometry_msgs/msg/Quaternion'](0, 0, 0, 1),
            ),
        )
        for parent, child, shift in static
    ]
    return types['tf2_msgs/msg/TFMessage'](transforms=made)


def test_colour_that_is_not_required_may_be_absent_or_several(bag, tmp_path):
    with open_source(bag, color=True, require_color=False) as source:
        assert [frame.color for frame in source] == [None, None, None]
    with pytest.raises(BagError, match='no colour topic'):
        open_source(bag, color=True)
    with pytest.raises(BagError, match='no image topic /c'):
        open_source(bag, color=True, require_color=False, color_topic='/c')


def test_pairs_yield_their_references(tmp_path):
    for folder in ('low', 'reference', 'rgb'):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / 'low' / 'a.png'), np.full((24, 32), 1500, np.uint16))
    cv2.imwrite(str(tmp_path / 'reference' / 'a.png'), np.full((48, 64), 1600, np.uint16))
    cv2.imwrite(str(tmp_path / 'rgb' / 'a.png'), np.zeros((48, 64, 3), np.uint8))
    np.savetxt(tmp_path / 'K.txt', [[80, 0, 31.5], [0, 82, 23.5], [0, 0, 1]])
    with open_source(tmp_path) as source:
        (frame,) = source
    assert (source.kind, len(source)) == (Kind.FOLDER, 1)
    assert frame.name == 'a'
    assert frame.depth[0, 0] == pytest.approx(1.5)
    assert frame.reference[0, 0] == pytest.approx(1.6)
    assert frame.reference_camera.intrinsics() == (80, 82, 31.5, 23.5)
    assert frame.camera.intrinsics() == (40, 41, 15.5, 11.5)
    assert frame.color.shape == (48, 64, 3)
    (tmp_path / 'low' / 'a.png').write_bytes(b'')
    with open_source(tmp_path) as source:
        assert list(source) == []
        assert source.skipped.count == 1


def test_recordings_yield_references_and_poses(tmp_path):
    depth = np.full((24, 32), 1500, np.uint16)
    finer = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
    with RecordingWriter(tmp_path / 'walk') as writer:
        writer.append(
            5,
            Picture(depth, 'tof', CAMERA),
            reference=Picture(np.full((48, 64), 1600, np.uint16), 'ref', finer),
            pose=np.eye(4),
        )
    (frame,) = open_source(tmp_path / 'walk', reference=True)
    assert frame.reference.shape == (48, 64)
    assert frame.reference[0, 0] == pytest.approx(1.6)
    assert frame.reference_camera == finer
    assert frame.reference_frame_id == 'ref'
    np.testing.assert_array_equal(frame.pose, np.eye(4))
    (frame,) = open_source(tmp_path / 'walk')
    assert frame.reference is None
