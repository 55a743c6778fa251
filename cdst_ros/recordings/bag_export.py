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
"""Exports a recording as a bag, such as to play it to a node."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.compressed import encode_compressed
from cdst_ros.recordings.bag_stream import STORAGES
from cdst_ros.recordings.bag_topics import COMPRESSED_DEPTH_SUFFIX
from cdst_ros.recordings.bag_writer import BagWriter, Transform
from cdst_ros.recordings.errors import BagError, RecordingError, RecordingWriteError
from cdst_ros.recordings.reader import RecordedFrame, RecordedSequence, Recording
from cdst_ros.recordings.transforms import MOVING_TOPIC, STATIC_TOPIC

#: Image topics by kind, where a recording knows none: those that the nodes listen to.
TOPICS = {
    'depth': '/depth/image_raw',
    'color': '/rgb/image_raw',
    'reference': '/truth/image_raw',
}
_COMPRESSED_SUFFIX = '/compressed'
_JPEG_FORMAT = 'rgb8; jpeg compressed bgr8'
#: Frames that images without one are given: transforms and viewers need names.
_FRAME_IDS = {kind: f'{kind}_optical_frame' for kind in TOPICS}
#: Frame that poses are given in, where a recording does not say.
_WORLD = 'map'


@dataclass
class BagExport:
    """
    What was exported.

    :param frames: frames written
    :param topics: messages by topic
    :param left_out: what was not written and why, a sentence each
    """

    frames: int = 0
    topics: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def export_bag(
    source: Path | str,
    destination: Path | str,
    *,
    storage: str = '.mcap',
    compressed: bool = False,
    sequence: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BagExport:
    """
    Write the recording in ``source`` as the bag ``destination``, whole or not at all.

    Images are on the topics they came from, each with its camera_info, at the stamp of the
    depth; depth is 16UC1. ``/tf_static`` says how the cameras lie to each other, ``/tf`` where the
    depth camera was.

    :param destination: a rosbag2 folder to make, or one ``.mcap`` or ``.db3`` file
    :param storage: of a folder: ``.mcap`` or ``.db3``
    :param compressed: depth as compressedDepth and colour as JPEG, on the topics of
        image_transport below theirs; else what came raw is written raw
    :param sequence: number of the one to write; None: all
    :param progress: told the frames done and their number, after each
    :raises RecordingError: when it is no recording, holds no such frames, or its sequences
        overlap in time
    :raises BagError: when something is at ``destination``
    :raises RecordingWriteError: when the disk refuses; nothing is left behind then
    """
    source, destination = Path(source), Path(destination)
    if destination.exists():
        raise BagError(f'{destination} exists: choose another place for the bag')
    sequences = _chosen(Recording(source), sequence)
    one_file = destination.suffix in STORAGES
    result = BagExport()
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f'.{destination.name}.', dir=destination.parent))
        try:
            folder = staging / (destination.stem if one_file else destination.name)
            with BagWriter(folder, destination.suffix if one_file else storage) as writer:
                _write(writer, sequences, compressed, result, progress)
            made = folder / destination.name if one_file else folder
            os.replace(made, destination)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise RecordingWriteError(
            error.errno,
            f'{destination} could not be written: {error.strerror}. The recording is untouched.',
        ) from error
    return result


def _chosen(recording: Recording, number: int | None) -> list[RecordedSequence]:
    """Return the sequences to write, in the order of their time."""
    filled = [s for s in recording.sequences if len(s)]
    chosen = [s for s in filled if number is None or s.number == number]
    if not chosen:
        there = ', '.join(str(s.number) for s in filled) or 'none'
        raise RecordingError(
            f'{recording.path} has no frames of this sequence: those with frames are {there}'
        )
    chosen.sort(key=lambda s: s[0].stamp_ns)
    for before, after in pairwise(chosen):
        if after[0].stamp_ns <= before[-1].stamp_ns:
            raise RecordingError(
                f'sequences {before.number} and {after.number} of {recording.path} overlap in '
                'time, and a bag is played in the order of time: export one at a time '
                f'(--sequence {before.number}).'
            )
    return chosen


def _write(
    writer: BagWriter,
    sequences: list[RecordedSequence],
    compressed: bool,
    result: BagExport,
    progress: Callable[[int, int], None] | None,
) -> None:
    total, done = sum(map(len, sequences)), 0
    for sequence in sequences:
        exporter = _Exporter(writer, sequence, compressed, result)
        for frame in sequence:
            exporter.add(frame)
            done += 1
            if progress is not None:
                progress(done, total)


class _Exporter:
    """Writes the frames of a sequence."""

    def __init__(
        self,
        writer: BagWriter,
        sequence: RecordedSequence,
        compressed: bool,
        result: BagExport,
    ) -> None:
        self._writer = writer
        self._result = result
        self._world = sequence.entry.world or _WORLD
        self._fixed: dict[str, F64] = {}
        known = sequence.entry.topics
        self._topics = {
            kind: _transport(known.get(kind, default), kind, compressed)
            for kind, default in TOPICS.items()
        }
        self._infos = {
            kind: known.get(f'{kind}_info') or _base(topic).rsplit('/', 1)[0] + '/camera_info'
            for kind, topic in self._topics.items()
        }

    def add(self, frame: RecordedFrame) -> None:
        """Write a frame, if its files are whole."""
        try:
            images = {kind: frame.read_bytes(kind) for kind in frame.entry.images}
            depths = {'depth': frame.depth(), 'reference': frame.reference()}
            color = frame.color()
        except RecordingError as error:
            self._result.left_out.append(str(error))
            return
        self._transforms(frame)
        stamp, told = frame.stamp_ns, set[str]()
        for kind, data in images.items():
            topic, frame_id = self._topics[kind], _frame_id(frame, kind)
            depth = depths.get(kind)
            if depth is not None and topic.endswith(COMPRESSED_DEPTH_SUFFIX):
                coded = encode_compressed(depth, '16UC1')
                self._writer.write_compressed(topic, *coded, stamp, frame_id)
            elif depth is not None:
                self._writer.write_depth(topic, depth, stamp, frame_id)
            elif topic.endswith(_COMPRESSED_SUFFIX):
                self._writer.write_compressed(topic, _JPEG_FORMAT, data, stamp, frame_id)
            elif color is not None:
                self._writer.write_color(topic, color, stamp, frame_id)
            self._count(topic)
            # As it was told: the topic says what of it is in the images.
            camera, info = frame.image(kind).camera, self._infos[kind]
            # Depth registered to colour may share its camera_info.
            if camera is not None and info not in told:
                told.add(info)
                self._writer.write_camera(info, camera, stamp, frame_id)
                self._count(info)
        self._result.frames += 1

    def _transforms(self, frame: RecordedFrame) -> None:
        depth_id = _frame_id(frame, 'depth')
        found = {
            frame_id: matrix
            for kind in frame.entry.images
            if (frame_id := _frame_id(frame, kind)) != depth_id
            and (matrix := frame.extrinsics(kind)) is not None
        }
        # All at once, and again when one changes: of a latched topic the last message is heard.
        if not all(n in self._fixed and np.allclose(m, self._fixed[n]) for n, m in found.items()):
            self._fixed.update(found)
            fixed = [Transform(depth_id, name, matrix) for name, matrix in self._fixed.items()]
            self._writer.write_transforms(STATIC_TOPIC, fixed, frame.stamp_ns)
            self._count(STATIC_TOPIC)
        if frame.pose is not None:
            moved = Transform(self._world, depth_id, frame.pose)
            self._writer.write_transforms(MOVING_TOPIC, [moved], frame.stamp_ns)
            self._count(MOVING_TOPIC)

    def _count(self, topic: str) -> None:
        self._result.topics[topic] = self._result.topics.get(topic, 0) + 1


def _transport(topic: str, kind: str, compressed: bool) -> str:
    """Return the topic of an image, with the suffix of its transport."""
    if not compressed or topic != _base(topic):
        return topic
    return topic + (_COMPRESSED_SUFFIX if kind == 'color' else COMPRESSED_DEPTH_SUFFIX)


def _base(topic: str) -> str:
    """Return the topic that image_transport's compressed topics hang below."""
    for suffix in (COMPRESSED_DEPTH_SUFFIX, _COMPRESSED_SUFFIX):
        if topic.endswith(suffix):
            return topic[: -len(suffix)]
    return topic


def _frame_id(frame: RecordedFrame, kind: str) -> str:
    return frame.frame_id(kind) or _FRAME_IDS[kind]
