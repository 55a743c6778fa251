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
import sys
from dataclasses import replace

import numpy as np
import pytest
from depth.views import through

from cdst_ros.depth.camera import CameraModel
from cdst_ros.learning.color import color_of, look_at, told_of_color
from cdst_ros.learning.job import Job
from cdst_ros.learning.parts import split
from cdst_ros.learning.split import main as divide
from cdst_ros.learning.stages import COLOR, config_of, judged, learned, train_arguments
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.synthetic import SyntheticCamera


@pytest.fixture(scope='module')
def frames():
    """Return what a camera with colour saw on its way through a room."""
    camera = SyntheticCamera(3, 96, 72, scale=2, rate_hz=2.0, frames=40)
    return [camera.frame(number) for number in range(40)]


def record(
    folder, frames, *, shift=0, frame_id=None, reference=False, camera=None, topic='/rgb/image_raw'
):
    """Record frames, their colour so many pixels to the right of where it was seen."""
    with RecordingWriter(folder, rate_hz=2.0) as writer:
        writer.begin_sequence(topics={'color': topic})
        for frame in frames:
            color = np.roll(frame.color, shift, axis=1)
            writer.append(
                frame.stamp_ns,
                Picture(frame.depth, frame.frame_id, frame.camera),
                Picture(color, frame_id or frame.frame_id, camera or frame.camera_hr),
                Picture(frame.truth_mm, frame.frame_id, frame.camera_hr) if reference else None,
            )
    return folder


def test_colour_that_lies_on_depth_can_teach(tmp_path, frames):
    found = color_of(record(tmp_path / 'room', frames), 2)
    assert found.usable
    assert 'px of the output beside depth' in found.why


def bent(camera, model='plumb_bob'):
    return replace(camera, distortion_model=model, d=(-0.2, 0.02, 0.0, 0.0, 0.0))


def test_colour_of_a_lens_that_bends_can_teach(tmp_path, frames):
    camera = frames[0].camera_hr
    lens = bent(camera)
    raw = [replace(frame, color=through(lens, camera, frame.color)) for frame in frames]
    found = color_of(record(tmp_path / 'raw', raw, camera=lens), 2)
    assert found.usable, found.why
    straight = color_of(record(tmp_path / 'ignored', raw), 2)
    assert not straight.usable or straight.why > found.why, 'the lens matters'


def test_the_topic_of_a_recording_says_that_colour_is_rectified(tmp_path, frames):
    topic, lens = '/camera/rgb/image_rect_color', bent(frames[0].camera_hr, 'cubic')
    found = color_of(record(tmp_path / 'rectified', frames, camera=lens, topic=topic), 2)
    assert found.usable, found.why
    raw = color_of(record(tmp_path / 'raw', frames, camera=lens), 2)
    assert not raw.usable
    assert 'cubic' in raw.why
    assert 'image_rect' in raw.why


def test_colour_of_the_same_view_needs_no_calibration(tmp_path, frames):
    unknown = CameraModel(frames[0].camera_hr.width, frames[0].camera_hr.height)
    found = color_of(record(tmp_path / 'room', frames, camera=unknown), 2)
    assert found.usable, found.why
    beside = color_of(record(tmp_path / 'beside', frames, camera=unknown, shift=6), 2)
    assert not beside.usable


@pytest.mark.parametrize(
    ('how', 'told'),
    [
        ({'shift': 6}, 'px are the most that colour may teach with'),
        ({'frame_id': 'rgb'}, 'record /tf_static'),
        ({'reference': True}, 'there is a reference'),
    ],
)
def test_other_colour_does_not_teach(tmp_path, frames, how, told):
    found = color_of(record(tmp_path / 'room', frames, **how), 2)
    assert not found.usable
    assert told in found.why


def test_without_colour_nothing_is_taught_by_it(room):
    assert color_of(room, 4).why == 'there is a reference, which teaches more'


@pytest.mark.parametrize(('shift', 'config'), [(0, 'adapt_color'), (6, 'adapt')])
def test_a_job_trains_what_its_colour_allows(tmp_path, frames, order, shift, config):
    recording = record(tmp_path / 'room2', frames, shift=shift)
    (tmp_path / 'job').mkdir()
    asked = replace(order(held_out=0.5), recording=str(recording), config='adapt_color')
    job = Job.create(tmp_path / 'job', asked)
    parts = (learned(job), judged(job))
    for part in parts:
        part.parent.mkdir(parents=True, exist_ok=True)
    frames_of_part = split(recording, *parts, 0.3, 0.0)
    assert len(frames_of_part.learned) >= 10
    sentence = told_of_color(job)
    assert sentence.startswith(
        'colour teaches where edges run' if config == 'adapt_color' else 'it learns without colour'
    )
    assert json.loads((job / COLOR).read_text()) == look_at(job).__dict__
    assert config_of(job) == config
    assert train_arguments(job)[1] == config


@pytest.mark.parametrize('config', ['adapt_color', 'adapt'])
def test_colour_is_looked_at_where_it_is_asked_to_teach(
    tmp_path, frames, order, monkeypatch, config
):
    (tmp_path / 'job').mkdir()
    recording = record(tmp_path / 'kitchen', frames)
    asked = replace(order(held_out=0.5), recording=str(recording), config=config)
    job = Job.create(tmp_path / 'job', asked)
    monkeypatch.setattr(sys, 'argv', ['split', str(job.folder)])
    assert divide() == 0
    assert (job / COLOR).exists() == (config == 'adapt_color')
    assert config_of(job) == config
