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
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel, Region
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.errors import RecordingError, RecordingWriteError, StampOrderError
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.verify import verify
from cdst_ros.recordings.writer import Picture, RecordingWriter

CAMERA = CameraModel.from_intrinsics(20.0, 21.0, 7.5, 5.5, 16, 12)


def depth_image(value=1.25, size=(12, 16)):
    return np.full(size, value, np.float32)


def test_what_is_written_is_read(tmp_path):
    depth = np.linspace(0.5, 4, 12 * 16, dtype=np.float32).reshape(12, 16)
    depth[3, 4] = np.nan
    color = np.zeros((48, 64, 3), np.uint8)
    color[..., 0] = 200
    reference = np.full((48, 64), 2500, np.uint16)
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    moved = np.eye(4)
    moved[0, 3] = 0.05
    with RecordingWriter(tmp_path / 'r', rate_hz=15, source='a test') as writer:
        index = writer.append(
            1_000_000_007,
            Picture(depth, 'tof', CAMERA),
            Picture(color, 'rgb'),
            Picture(reference, 'tof'),
            pose=pose,
            extrinsics={'color': moved},
        )
    assert index == 0

    recording = Recording(tmp_path / 'r')
    assert (len(recording), recording.rate_hz, recording.stamps_made) == (1, 15, False)
    frame = recording[0]
    assert frame.stamp_ns == 1_000_000_007
    np.testing.assert_allclose(frame.depth(), depth, atol=0.0005001)
    assert np.isnan(frame.depth()[3, 4])
    np.testing.assert_allclose(frame.color(), color, atol=4)
    np.testing.assert_array_equal(frame.reference(), np.full((48, 64), 2.5, np.float32))
    assert frame.camera() == CAMERA
    assert (frame.frame_id(), frame.frame_id('color')) == ('tof', 'rgb')
    np.testing.assert_array_equal(frame.pose, pose)
    np.testing.assert_array_equal(frame.extrinsics('color'), moved)
    assert frame.extrinsics('reference') is None
    assert verify(tmp_path / 'r').sound


def test_a_camera_keeps_its_binning_and_region(tmp_path):
    camera = CameraModel(
        width=40,
        height=30,
        distortion_model='plumb_bob',
        d=(0.1, 0.2),
        k=CAMERA.k,
        binning_x=2,
        roi=Region(x_offset=4, y_offset=2, width=32, height=12),
    )
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.append(1, Picture(depth_image(), 'a', camera))
    assert Recording(tmp_path / 'r')[0].camera() == camera


def test_a_new_recording_never_touches_what_is_there(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.append(1, Picture(depth_image()))
    with pytest.raises(RecordingError, match='holds a recording already'):
        RecordingWriter(tmp_path / 'r')
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'notes.txt').write_text('mine')
    with pytest.raises(RecordingError, match='other files'):
        RecordingWriter(tmp_path / 'other', append=True)
    assert (tmp_path / 'other' / 'notes.txt').read_text() == 'mine'
    assert len(Recording(tmp_path / 'r')) == 1


def test_append_goes_on_where_the_recording_ends(tmp_path):
    for stamp in (10, 20):
        with RecordingWriter(tmp_path / 'r', rate_hz=10, append=True) as writer:
            writer.append(stamp, Picture(depth_image(stamp / 10)))
            assert len(writer) == stamp // 10
    recording = Recording(tmp_path / 'r')
    assert [(f.index, f.stamp_ns) for f in recording] == [(0, 10), (1, 20)]
    assert [float(f.depth()[0, 0]) for f in recording] == pytest.approx([1.0, 2.0])


def test_sequences_are_the_sessions_and_say_what_is_known_of_them(tmp_path):
    noise = MeasuredNoise(
        NoiseModel(0.001, 0.0, 0.002), 90, 5_000_000_000, (1.0, 2.0), (0.003, 0.009), (4000, 900)
    )
    topics = {'depth': '/d/image_raw', 'depth_info': '/d/camera_info'}
    with RecordingWriter(tmp_path / 'r', source='a test') as writer:
        assert writer.sequence is None
        assert writer.begin_sequence('kitchen', topics=topics, world='map') == 0
        writer.append(1, Picture(depth_image()))
        writer.note(noise=noise)
        writer.note(offered=9, dropped={'dark': 6, 'no motion': 2})
        assert writer.begin_sequence('hall', source='tof 2') == 1
        for stamp in (1, 2):
            writer.append(stamp, Picture(depth_image()))
        assert writer.sequence.number == 1
    with RecordingWriter(tmp_path / 'r', append=True) as writer:
        writer.append(3, Picture(depth_image()))

    kitchen, hall, later = Recording(tmp_path / 'r').sequences
    assert [len(s) for s in (kitchen, hall, later)] == [1, 2, 1]
    assert [f.sequence for f in hall] == [1, 1]
    assert [f.index for f in hall] == [1, 2]
    assert (kitchen.number, kitchen.entry.name, kitchen.entry.world) == (0, 'kitchen', 'map')
    assert kitchen.entry.topics == topics
    assert kitchen.noise == noise
    assert (kitchen.entry.offered, kitchen.entry.dropped) == (9, {'dark': 6, 'no motion': 2})
    assert hall.noise is None
    assert (later.number, later.entry.source) == (2, 'a test')
    assert all(s.entry.ended and s.entry.started_ns for s in (kitchen, hall, later))
    assert verify(tmp_path / 'r').sound


def test_a_clock_that_is_set_back_begins_a_new_sequence(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.begin_sequence('walk', topics={'depth': '/d'})
        writer.append(90_000_000_000, Picture(depth_image()))
        writer.note(offered=4)
        writer.append(30_000_000_000, Picture(depth_image()))
        writer.append(31_000_000_000, Picture(depth_image()))
    before, after = Recording(tmp_path / 'r').sequences
    assert ([len(before), len(after)], before.entry.ended) == ([1, 2], True)
    assert after.entry.began == 'the clock was set back by 60.000 s'
    assert (after.entry.name, after.entry.topics) == ('walk', {'depth': '/d'})
    assert (before.entry.offered, after.entry.offered) == (4, None)
    assert verify(tmp_path / 'r').sound


@pytest.mark.parametrize('late', [0, 1, 999_999_999])
def test_a_frame_that_comes_twice_or_late_is_refused_and_costs_itself(tmp_path, late):
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.append(2_000_000_000, Picture(depth_image()))
        with pytest.raises(StampOrderError, match='not after 2000000000, that of the frame'):
            writer.append(2_000_000_000 - late, Picture(depth_image()))
        writer.append(2_000_000_001, Picture(depth_image()))
    assert [f.stamp_ns for f in Recording(tmp_path / 'r')] == [2_000_000_000, 2_000_000_001]
    found = verify(tmp_path / 'r')
    assert (found.frames, found.problems, found.notes) == (2, [], [])


def test_colour_that_stops_and_a_reference_of_another_size_are_recorded_as_they_come(tmp_path):
    color = Picture(np.zeros((12, 16, 3), np.uint8))
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.append(1, Picture(depth_image()), color, Picture(depth_image(2, (48, 64))))
        writer.append(2, Picture(depth_image()), None, Picture(depth_image(2, (24, 32))))
    first, second = Recording(tmp_path / 'r')
    assert [frame.has('color') for frame in (first, second)] == [True, False]
    assert [frame.reference().shape for frame in (first, second)] == [(48, 64), (24, 32)]
    assert verify(tmp_path / 'r').sound


def test_a_recording_of_an_older_version_is_read_and_continued(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        for stamp in (5, 6):
            writer.append(stamp, Picture(depth_image()))
    (tmp_path / 'r' / 'sequences.jsonl').unlink()
    lines = [json.loads(x) for x in (tmp_path / 'r' / 'frames.jsonl').read_text().splitlines()]
    for line in lines:
        del line['sequence']
    (tmp_path / 'r' / 'frames.jsonl').write_text(''.join(json.dumps(x) + '\n' for x in lines))
    (only,) = Recording(tmp_path / 'r').sequences
    assert ([f.stamp_ns for f in only], only.number, only.entry.ended) == ([5, 6], 0, True)
    with RecordingWriter(tmp_path / 'r', append=True) as writer:
        writer.append(1, Picture(depth_image()))
    assert [len(s) for s in Recording(tmp_path / 'r').sequences] == [2, 1]
    assert verify(tmp_path / 'r').sound


def test_a_frame_is_copied_byte_for_byte_and_a_damaged_one_refused(tmp_path):
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    with RecordingWriter(tmp_path / 'a') as writer:
        for stamp in (1, 2):
            color = Picture(np.zeros((12, 16, 3), np.uint8))
            writer.append(stamp, Picture(depth_image(), 'tof', CAMERA), color, pose=pose)
    (tmp_path / 'a' / 'color' / '000001.jpg').write_bytes(b'other')
    good, bad = Recording(tmp_path / 'a')
    with RecordingWriter(tmp_path / 'b') as writer:
        writer.append(0, Picture(depth_image()))
        with pytest.raises(RecordingError, match=r'frame 1: .* is not what was recorded'):
            writer.copy(bad)
        assert writer.copy(good) == 1
    copied = Recording(tmp_path / 'b')[1]
    assert copied.image('depth').file == 'depth/000001.png'
    for kind in ('depth', 'color'):
        assert copied.read_bytes(kind) == good.read_bytes(kind)
    assert (copied.stamp_ns, copied.camera()) == (1, CAMERA)
    np.testing.assert_array_equal(copied.pose, pose)
    assert verify(tmp_path / 'b').sound


def test_the_bytes_of_the_images_are_counted(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        for stamp in (1, 2):
            writer.append(stamp, Picture(depth_image()), Picture(np.zeros((12, 16, 3), np.uint8)))
        counted = writer.image_bytes
    files = [*(tmp_path / 'r').rglob('*.png'), *(tmp_path / 'r').rglob('*.jpg')]
    assert counted == sum(file.stat().st_size for file in files)
    with RecordingWriter(tmp_path / 'r', append=True) as writer:
        assert writer.image_bytes == counted


@pytest.mark.parametrize(
    ('picture', 'message'),
    [
        (Picture(np.ones((4, 4), np.float64)), 'float32 metres or uint16'),
        (Picture(np.ones((4, 4, 3), np.uint16)), '4x4x3 uint16'),
        (Picture(b'\x89PNG\r\n\x1a\nnot really'), 'cut short'),
        (Picture(b''), 'empty'),
        (Picture(depth_image(), camera=CameraModel(width=640, height=480)), '640x480'),
    ],
)
def test_an_image_that_is_not_depth_is_refused_and_nothing_written(tmp_path, picture, message):
    with RecordingWriter(tmp_path / 'r') as writer:
        with pytest.raises(RecordingError, match=message):
            writer.append(1, picture)
        writer.append(2, Picture(depth_image()))
    assert [f.stamp_ns for f in Recording(tmp_path / 'r')] == [2]
    found = verify(tmp_path / 'r')
    assert (found.frames, found.problems, found.notes) == (1, [], [])


def test_a_grey_image_is_no_colour(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer, pytest.raises(RecordingError, match='RGB'):
        writer.append(1, Picture(depth_image()), Picture(np.zeros((12, 16), np.uint8)))


def test_a_pose_is_a_finite_square(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        with pytest.raises(RecordingError, match='4x4'):
            writer.append(1, Picture(depth_image()), pose=np.eye(3))
        with pytest.raises(RecordingError, match='finite'):
            writer.append(1, Picture(depth_image()), pose=np.full((4, 4), np.nan))


def test_a_torn_last_line_is_ignored_then_repaired(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.append(1, Picture(depth_image()))
        writer.append(2, Picture(depth_image()))
    lines = tmp_path / 'r' / 'frames.jsonl'
    whole = lines.read_bytes()
    first = whole.index(b'\n') + 1
    for cut in (first + 1, (first + len(whole)) // 2, len(whole) - 1):
        lines.write_bytes(whole[:cut])
        recording = Recording(tmp_path / 'r')
        assert (len(recording), recording.damaged) == (1, [])
        assert recording.torn_bytes == cut - first
        found = verify(tmp_path / 'r')
        assert found.sound
        assert 'being written' in found.notes[0]
    with RecordingWriter(tmp_path / 'r', append=True) as writer:
        assert writer.append(5, Picture(depth_image())) == 1
    assert [f.stamp_ns for f in Recording(tmp_path / 'r')] == [1, 5]
    assert verify(tmp_path / 'r').notes == []


def test_the_files_of_a_damaged_line_are_not_written_over(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        for stamp in (1, 2, 3):
            writer.append(stamp, Picture(depth_image(stamp)))
    lines = tmp_path / 'r' / 'frames.jsonl'
    first, second, third = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(first + second + b'\0' * (len(third) - 1) + b'\n')
    with RecordingWriter(tmp_path / 'r', append=True) as writer:
        assert writer.append(4, Picture(depth_image(4))) == 3
    recording = Recording(tmp_path / 'r')
    assert [f.index for f in recording] == [0, 1, 3]
    assert [line.number for line in recording.damaged] == [3]
    assert 'frames.jsonl, line 3' in verify(tmp_path / 'r').problems[0]


RECORD_UNTIL_KILLED = """
import sys
import numpy as np
from cdst_ros.recordings.writer import Picture, RecordingWriter
depth = np.arange(1, 1 + 60 * 80, dtype=np.uint16).reshape(60, 80)
color = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
with RecordingWriter(sys.argv[1], rate_hz=30, append=True) as writer:
    print(len(writer), flush=True)
    kept = 0
    while True:
        writer.append(len(writer) + 1, Picture(depth), Picture(color), Picture(depth))
        print(len(writer), flush=True)
        kept += 1
        writer.note(offered=kept)
"""


def test_a_kill_at_any_moment_loses_at_most_the_frame_in_hand(tmp_path):
    rng = random.Random(4)
    folder = tmp_path / 'r'
    before = 0
    for kills in range(100):
        if kills >= 10 and before > 10:
            break
        process = subprocess.Popen(
            [sys.executable, '-c', RECORD_UNTIL_KILLED, str(folder)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert int(process.stdout.readline()) == before
        # The moment is what is tested: it must fall anywhere within a frame, on slow disks too.
        time.sleep(rng.choice((0.005, 0.05, 0.5)) * rng.random())
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().split()]
        process.wait()
        promised = told[-1] if told else before
        found = verify(folder)
        assert found.sound, found.problems
        assert promised <= found.frames <= promised + 1
        before = found.frames
    assert before > 10
    recording = Recording(folder)
    assert [f.stamp_ns for f in recording] == list(range(1, before + 1))
    # Whoever was killed had no time to end their sequence; what they noted is there.
    for sequence in recording.sequences:
        assert not sequence.entry.ended
        assert (sequence.entry.offered or 0) <= len(sequence)
    assert any(sequence.entry.offered for sequence in recording.sequences)


FILL_THE_DISK = """
import sys
import numpy as np
from cdst_ros.recordings.errors import RecordingWriteError
from cdst_ros.recordings.writer import Picture, RecordingWriter
depth = np.random.default_rng(0).integers(1, 9000, (120, 160), np.uint16)
with RecordingWriter(sys.argv[1]) as writer:
    try:
        while True:
            writer.append(len(writer) + 1, Picture(depth), Picture(depth.view(np.uint8)
                          .reshape(120, 160, 2).repeat(2, axis=2)[..., :3]))
    except RecordingWriteError as error:
        print(len(writer))
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason='mounting a small file system needs root')
def test_a_full_disk_is_told_and_loses_nothing(tmp_path):
    disk = tmp_path / 'disk'
    disk.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f'no tmpfs here: {mounted.stderr.decode().strip()}')
    try:
        out = subprocess.run(
            [sys.executable, '-c', FILL_THE_DISK, str(disk / 'r')],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout.splitlines()
        frames = int(out[0])
        assert frames > 3
        assert f'The {frames} frames before it are safe. Free some space' in out[1]
        assert 'No space left on device' in out[1]
        found = verify(disk / 'r')
        assert (found.frames, found.problems, found.notes) == (frames, [], [])
        # And once there is room again, the recording goes on.
        subprocess.run(['mount', '-o', 'remount,size=2m', str(disk)], check=True)
        with RecordingWriter(disk / 'r', append=True) as writer:
            writer.append(frames + 1, Picture(depth_image()))
        assert len(Recording(disk / 'r')) == frames + 1
    finally:
        subprocess.run(['umount', str(disk)], check=True)


@pytest.mark.parametrize('spare', [0, 100])
def test_a_line_that_does_not_fit_is_taken_back(tmp_path, spare):
    """The images fit and the line does not, or only its beginning does."""
    with RecordingWriter(tmp_path / 'r') as writer:
        for stamp in range(1, 40):
            writer.append(stamp, Picture(depth_image(), 'frame' * 5, CAMERA))
        size = (tmp_path / 'r' / 'frames.jsonl').stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + spare, limits[1]))
        try:
            with pytest.raises(RecordingWriteError, match='The 39 frames before it are safe'):
                writer.append(40, Picture(depth_image(), 'frame' * 5, CAMERA))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (tmp_path / 'r' / 'frames.jsonl').stat().st_size == size
        assert not (tmp_path / 'r' / 'depth' / '000039.png').exists()
        assert writer.append(41, Picture(depth_image(), 'frame' * 5, CAMERA)) == 39
    assert verify(tmp_path / 'r').sound
    assert [f.stamp_ns for f in Recording(tmp_path / 'r')][-2:] == [39, 41]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(RecordingWriteError, match=r'cannot write a recording in .*file'):
        RecordingWriter(tmp_path / 'file' / 'r')


def test_every_line_stands_for_itself(tmp_path):
    with RecordingWriter(tmp_path / 'r') as writer:
        writer.append(7, Picture(depth_image(), 'tof', CAMERA))
    line = json.loads((tmp_path / 'r' / 'frames.jsonl').read_text())
    assert line['index'] == 0
    assert line['stamp_ns'] == 7
    assert line['depth']['file'] == 'depth/000000.png'
    assert line['depth']['camera']['k'][0] == 20.0
    assert (line['depth']['width'], line['depth']['height']) == (16, 12)


def test_the_names_of_a_new_recording_reach_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(
        'cdst_ros.recordings.writer.sync_folder',
        lambda folder: synced.append({path.name for path in folder.iterdir()}),
    )
    with RecordingWriter(tmp_path / 'walk'):
        assert {'recording.json', 'frames.jsonl', 'depth', 'color', 'reference'} <= synced[-1]
