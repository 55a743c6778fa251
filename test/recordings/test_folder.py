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

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.folder import import_folder
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.verify import verify

K = np.array([[50.0, 0, 7.5], [0, 51.0, 5.5], [0, 0, 1]])


def put(folder, name, depth=None, color=None):
    if depth is not None:
        cv2.imwrite(str(folder / f'{name}_depth.png'), depth)
    if color is not None:
        cv2.imwrite(str(folder / f'{name}_rgb.jpg'), color)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / 'walk'
    folder.mkdir()
    poses = []
    for number in (3, 1, 2, 10):
        put(
            folder,
            f'{number:03d}',
            np.full((12, 16), number * 100, np.uint16),
            np.full((12, 16, 3), (0, 0, 200), np.uint8),
        )
    for number in (1, 2, 3, 10):
        pose = np.eye(4)
        pose[2, 3] = number
        poses.append(pose.ravel())
    np.savetxt(folder / 'K.txt', K)
    np.savetxt(folder / 'poses.txt', poses)
    return folder


def test_a_folder_becomes_a_recording(source, tmp_path):
    result = import_folder(source, tmp_path / 'r', 20)
    assert (result.frames, result.skipped) == (4, {})
    recording = Recording(tmp_path / 'r')
    assert recording.stamps_made
    assert recording.rate_hz == 20
    assert recording.header.source == 'folder walk'
    assert [f.stamp_ns for f in recording] == [50_000_000, 100_000_000, 150_000_000, 200_000_000]
    depths = [float(f.depth()[0, 0]) for f in recording]
    assert depths == pytest.approx([0.1, 0.2, 0.3, 1.0])
    assert [f.pose[2, 3] for f in recording] == [1, 2, 3, 10]
    camera = recording[0].camera()
    assert camera.intrinsics() == (50.0, 51.0, 7.5, 5.5)
    assert camera.matches(16, 12)
    assert recording[0].camera('color') == camera
    red = recording[0].color().reshape(-1, 3).mean(axis=0)
    assert red[0] > 180, 'colour is in RGB order'
    assert red[2] < 40
    assert verify(tmp_path / 'r').sound


def test_files_are_kept_as_they_are(source, tmp_path):
    import_folder(source, tmp_path / 'r', 20)
    assert (tmp_path / 'r/color/000000.jpg').read_bytes() == (source / '001_rgb.jpg').read_bytes()
    assert (tmp_path / 'r/depth/000003.png').read_bytes() == (
        source / '010_depth.png'
    ).read_bytes()


def test_a_bad_frame_costs_itself_and_keeps_its_place_in_time(source, tmp_path):
    (source / '001_rgb.jpg').unlink()
    (source / '002_depth.png').write_bytes(b'no image at all')
    put(source, '010', np.ones((6, 16), np.uint16))
    put(source, '011', np.full((12, 16), 7, np.uint16), np.zeros((40, 16, 3), np.uint8))
    jpeg = (source / '003_rgb.jpg').read_bytes()
    put(source, '012', np.full((12, 16), 7, np.uint16))
    (source / '012_rgb.jpg').write_bytes(jpeg[: len(jpeg) // 2])
    (source / 'poses.txt').unlink()
    steps = []
    result = import_folder(
        source, tmp_path / 'r', 20, progress=lambda done, of: steps.append((done, of))
    )
    assert result.frames == 1
    assert set(result.skipped) == {'001', '002', '010', '011', '012'}
    assert result.skipped['001'] == '001_rgb.jpg is missing'
    assert 'no PNG' in result.skipped['002']
    assert '010_depth.png is 16x6, most others are 16x12' in result.skipped['010']
    assert '011_rgb.jpg is 16x40' in result.skipped['011']
    assert 'cut short' in result.skipped['012']
    assert [f.stamp_ns for f in Recording(tmp_path / 'r')] == [150_000_000]
    assert steps[-1] == (6, 6)


def test_depth_alone_is_enough(tmp_path):
    folder = tmp_path / 'd'
    folder.mkdir()
    put(folder, 'a', np.full((12, 16), 500, np.uint16))
    import_folder(folder, tmp_path / 'r', 5)
    frame = Recording(tmp_path / 'r')[0]
    assert (frame.color(), frame.camera(), frame.pose) == (None, None, None)


def test_colour_of_higher_resolution_is_kept_without_a_camera(source, tmp_path):
    for file in source.glob('*_rgb.jpg'):
        cv2.imwrite(str(file), np.zeros((90, 120, 3), np.uint8))
    import_folder(source, tmp_path / 'r', 20)
    frame = Recording(tmp_path / 'r')[0]
    assert frame.color().shape == (90, 120, 3)
    assert frame.camera('color') is None
    assert frame.camera('depth') is not None


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('K.txt', '1 2\n3 4\n', 'does not hold the 3x3 intrinsics'),
        ('K.txt', '0 0 1\n0 0 1\n0 0 1\n', 'does not hold the 3x3 intrinsics'),
        ('K.txt', 'fx 500\n', 'no table of numbers'),
        ('poses.txt', '1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n', 'each of the 4 depth images'),
    ],
)
def test_intrinsics_and_poses_that_do_not_fit_are_refused(source, tmp_path, name, text, message):
    (source / name).write_text(text)
    with pytest.raises(RecordingError, match=message):
        import_folder(source, tmp_path / 'r', 20)
    assert not (tmp_path / 'r').exists()


def test_nothing_to_import_is_said(source, tmp_path):
    with pytest.raises(RecordingError, match='is no folder'):
        import_folder(tmp_path / 'absent', tmp_path / 'r', 20)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(RecordingError, match=r'holds no \*_depth\.png'):
        import_folder(tmp_path / 'empty', tmp_path / 'r', 20)
    with pytest.raises(RecordingError, match='the rate is 0 Hz'):
        import_folder(source, tmp_path / 'r', 0)
    for file in source.glob('*_depth.png'):
        file.write_bytes(b'')
    with pytest.raises(RecordingError, match=r'none of the 4 frames .* 001: .*empty'):
        import_folder(source, tmp_path / 'r', 20)
    assert not (tmp_path / 'r').exists()
