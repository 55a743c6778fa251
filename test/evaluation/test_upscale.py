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

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.sinks import DEPTH_TOPIC, INFO_TOPIC
from cdst_ros.evaluation.sources import Kind, open_source
from cdst_ros.evaluation.staging import OutputExistsError
from cdst_ros.evaluation.upscale import Destination, UpscaleError, upscale
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.verify import verify
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import SuperResolution

from .conftest import CAMERA, scene_depth

CAMERA_HR = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)


def enlarge(source, out, engine=None, color=False, **destination):
    superres = SuperResolution(engine or open_engine(None, 'bilinear', scale=2))
    with open_source(source, color=color) as opened:
        return upscale(opened, source, superres, Destination(out, **destination))


def expected(number):
    depth = scene_depth(number).astype(np.float32) / 1000
    depth[depth == 0] = np.nan
    return SuperResolution(open_engine(None, 'bilinear', scale=2))(depth).depth.copy()


@pytest.fixture(params=['.mcap', '.db3'])
def drive(request, tmp_path):
    """Return a bag of 4 frames with a damaged one, of each storage."""
    with BagWriter(tmp_path / 'drive', request.param) as writer:
        for number in range(4):
            stamp = 1_000_000_000 + number * 50_000_000
            depth = scene_depth(number).astype(np.float32) / 1000
            depth[depth == 0] = np.nan
            writer.write_depth('/d/image_raw', depth, stamp, 'tof', log_time_ns=stamp + 7)
            writer.write_camera('/d/camera_info', CAMERA, stamp, 'tof', log_time_ns=stamp + 5)
            if number == 2:
                types = writer._types.types
                header = writer._header(stamp + 1_000_000, 'tof')
                bad = types['sensor_msgs/msg/Image'](
                    header, 24, 32, '16UC1', 0, 64, np.zeros(100, np.uint8)
                )
                writer.write('/d/image_raw', bad, stamp + 8)
                writer.write_camera('/d/camera_info', CAMERA, stamp + 1_000_000, 'tof')
    return tmp_path / 'drive'


def test_a_bag_becomes_a_bag_of_its_storage(drive, tmp_path):
    summary = enlarge(drive, tmp_path / 'out')
    assert (summary.frames, summary.skipped, summary.kind) == (4, 1, Kind.BAG)
    assert 'cut short' in ' '.join(summary.reasons)
    assert summary.realtime_factor > 0
    storage = next(f.suffix for f in drive.iterdir() if f.suffix != '.yaml')
    assert (tmp_path / 'out' / f'out{storage}').exists()
    with BagReader(tmp_path / 'out') as bag:
        assert (bag.topics.depth, bag.topics.depth_info) == (DEPTH_TOPIC, INFO_TOPIC)
        frames = list(bag)
    for number, frame in enumerate(frames):
        stamp = 1_000_000_000 + number * 50_000_000
        assert (frame.stamp_ns, frame.log_time_ns, frame.frame_id) == (stamp, stamp + 7, 'tof')
        assert frame.encoding == '16UC1'
        assert frame.camera == CAMERA_HR
        np.testing.assert_allclose(frame.depth, expected(number), atol=0.000501)


@pytest.mark.parametrize('name', ['out.mcap', 'out.db3'])
def test_one_bag_file_is_made_where_the_name_says_so(drive, tmp_path, name):
    enlarge(drive, tmp_path / name, encoding='32FC1')
    assert (tmp_path / name).is_file()
    with BagReader(tmp_path / name) as bag:
        frames = list(bag)
    assert [frame.encoding for frame in frames] == ['32FC1'] * 4
    np.testing.assert_allclose(frames[0].depth, expected(0), rtol=1e-6)


def test_frames_without_a_camera_have_none_afterwards(tmp_path):
    with BagWriter(tmp_path / 'b') as writer:
        writer.write_depth('/d/image_raw', np.ones((4, 6), np.float32), 5, 'tof')
    enlarge(tmp_path / 'b', tmp_path / 'out')
    with BagStream(tmp_path / 'out') as stream:
        assert set(stream.topics) == {DEPTH_TOPIC}


def test_a_bag_becomes_a_recording(drive, tmp_path):
    enlarge(drive, tmp_path / 'out', kind=Kind.RECORDING)
    assert verify(tmp_path / 'out').sound
    recording = Recording(tmp_path / 'out')
    assert len(recording) == 4
    assert recording.rate_hz == pytest.approx(20)
    assert not recording.stamps_made
    assert recording[1].stamp_ns == 1_050_000_000
    assert recording[1].camera() == CAMERA_HR


def test_a_recording_becomes_a_recording_with_its_colour_and_poses(recording, tmp_path):
    summary = enlarge(recording, tmp_path / 'out')
    assert (summary.frames, summary.kind) == (6, Kind.RECORDING)
    assert summary.realtime_factor is not None
    made = Recording(tmp_path / 'out')
    assert verify(tmp_path / 'out').sound
    assert made.stamps_made
    assert made.rate_hz == 10
    for number, (before, after) in enumerate(zip(Recording(recording), made, strict=True)):
        assert after.stamp_ns == before.stamp_ns
        assert after.camera() == CAMERA_HR
        assert after.pose[0, 3] == number
        np.testing.assert_array_equal(after.extrinsics('color'), np.eye(4))
        assert after.read_bytes('color') == before.read_bytes('color')
        assert after.camera('color') == before.camera('color')
        np.testing.assert_allclose(after.depth(), expected(number), atol=0.000501)


def test_damaged_colour_does_not_cost_the_depth(recording, tmp_path):
    (recording / 'color' / '000002.jpg').write_bytes(b'broken')
    summary = enlarge(recording, tmp_path / 'out')
    assert (summary.frames, summary.skipped) == (6, 0)
    assert 'colour left out: ' in summary.reasons[0]
    assert [frame.has('color') for frame in Recording(tmp_path / 'out')].count(False) == 1


def test_a_recording_becomes_a_bag(recording, tmp_path):
    enlarge(recording, tmp_path / 'out.mcap')
    with BagReader(tmp_path / 'out.mcap') as bag:
        frames = list(bag)
    assert [frame.stamp_ns for frame in frames] == [100_000_000 * n for n in range(1, 7)]
    assert frames[0].frame_id == 'tof'


def test_a_folder_becomes_a_folder_of_the_same_names(photos, tmp_path):
    np.savetxt(photos / 'K.txt', [[50, 0, 31.5], [0, 50, 23.5], [0, 0, 1]])
    (photos / '001_depth.png').write_bytes(b'')
    summary = enlarge(photos, tmp_path / 'out')
    assert (summary.frames, summary.skipped, summary.kind) == (3, 1, Kind.FOLDER)
    assert summary.realtime_factor is None
    assert sorted(f.name for f in (tmp_path / 'out').iterdir()) == [
        '000_depth.png',
        '002_depth.png',
        '003_depth.png',
        'K.txt',
    ]
    (frame, *_) = open_source(tmp_path / 'out')
    assert frame.depth.shape == (96, 128)
    assert frame.camera.intrinsics() == pytest.approx((100, 100, 63.5, 47.5))


def test_a_recording_becomes_a_folder_that_can_be_imported(recording, tmp_path):
    from cdst_ros.recordings.folder import import_folder

    enlarge(recording, tmp_path / 'out', kind=Kind.FOLDER)
    assert import_folder(tmp_path / 'out', tmp_path / 'again', 10).frames == 6
    camera = Recording(tmp_path / 'again')[0].camera()
    assert camera.intrinsics() == pytest.approx(CAMERA_HR.intrinsics())


@pytest.mark.parametrize(
    ('name', 'dtype', 'unit'), [('o.png', np.uint16, 1000), ('o.tiff', np.float32, 1)]
)
def test_one_image_is_stored_as_its_name_says(photos, tmp_path, name, dtype, unit):
    enlarge(photos / '002_depth.png', tmp_path / name)
    pixels = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
    assert pixels.dtype == dtype
    assert pixels.shape == (96, 128)
    assert pixels[0, 0] == pytest.approx(3.01 * unit, rel=1e-3)


def test_other_units_of_images_are_kept(photos, tmp_path):
    superres = SuperResolution(open_engine(None, 'nearest', scale=2))
    image = photos / '000_depth.png'
    source = open_source(image, depth_scale=0.0001)
    upscale(source, image, superres, Destination(tmp_path / 'o.png', depth_scale=0.0001))
    pixels = cv2.imread(str(tmp_path / 'o.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(pixels[::2, ::2], scene_depth(0, (48, 64)))


def test_a_folder_of_metres_stays_one(tmp_path):
    (tmp_path / 'in').mkdir()
    cv2.imwrite(str(tmp_path / 'in' / 'a.tif'), np.full((6, 8), 1.5, np.float32))
    enlarge(tmp_path / 'in', tmp_path / 'out')
    assert [f.name for f in (tmp_path / 'out').iterdir()] == ['a.tif']
    enlarge(tmp_path / 'in', tmp_path / 'mm', encoding='16UC1')
    assert [f.name for f in (tmp_path / 'mm').iterdir()] == ['a.png']


def test_output_is_never_written_over_without_leave(recording, tmp_path):
    (tmp_path / 'out').mkdir()
    with pytest.raises(OutputExistsError, match='--force'):
        enlarge(recording, tmp_path / 'out')
    with pytest.raises(UpscaleError, match='is no recording: it is not replaced'):
        enlarge(recording, tmp_path / 'out', replace=True)
    (tmp_path / 'out').rmdir()
    enlarge(recording, tmp_path / 'out')
    enlarge(recording, tmp_path / 'out', replace=True)
    assert len(Recording(tmp_path / 'out')) == 6


@pytest.mark.parametrize('where', ['.', 'walk', 'walk/deep'])
def test_the_source_is_never_written_into(recording, where):
    with pytest.raises(UpscaleError, match='lies in what is read'):
        enlarge(recording, recording.parent / where, replace=True)
    assert verify(recording).sound


@pytest.mark.parametrize(
    ('name', 'kind', 'said'),
    [
        ('out.mcap', None, 'a folder becomes a folder, not a bag .* import the folder first'),
        ('out.png', None, 'not a image'),
        ('out', Kind.RECORDING, 'import the folder first'),
        ('out.mcap', Kind.FOLDER, 'is named like a bag, and a folder was asked for'),
    ],
)
def test_what_cannot_be_made_of_a_folder_is_refused(photos, tmp_path, name, kind, said):
    with pytest.raises(UpscaleError, match=said):
        enlarge(photos, tmp_path / name, kind=kind)


def test_an_image_needs_a_name_that_says_how(photos, tmp_path):
    with pytest.raises(UpscaleError, match=r'name it \.png'):
        enlarge(photos / '000_depth.png', tmp_path / 'out')


def test_nothing_is_left_where_no_frame_could_be_enlarged(recording, tmp_path, make_engine):
    before = {f.name for f in tmp_path.iterdir()}
    with pytest.raises(UpscaleError, match=r'no frame of .*walk could be enlarged: .*to fail'):
        enlarge(recording, tmp_path / 'out', make_engine(fails_on=tuple(range(1, 7))))
    assert {f.name for f in tmp_path.iterdir()} == before


def test_a_disk_that_refuses_leaves_nothing(photos, tmp_path, monkeypatch):
    from cdst_ros.evaluation import sinks

    def full(path, pixels):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(sinks, 'write_image', full)
    with pytest.raises(OSError, match='No space left'):
        enlarge(photos, tmp_path / 'out')
    assert {f.name for f in tmp_path.iterdir()} == {'photos'}


def test_the_summary_is_json(recording, tmp_path):
    summary = enlarge(recording, tmp_path / 'out')
    values = json.loads(json.dumps(summary.to_json()))
    assert values['frames'] == 6
    assert values['skipped'] == 0
    assert values['seconds'] > 0
    assert values['fps'] == pytest.approx(6 / values['seconds'])
    assert (values['engine'], values['scale'], values['precision']) == ('bilinear', 2, 'f32')
