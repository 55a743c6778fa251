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
"""Imports a bag as a recording."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.recordings.bag import TOLERANCE_NS, BagFrame, BagReader, BagTopics
from cdst_ros.recordings.bag_transforms import read_moving_transforms
from cdst_ros.recordings.errors import BagError, NoColorError, StampOrderError
from cdst_ros.recordings.transforms import MOVING_TOPIC, STATIC_TOPIC, MovingTransforms
from cdst_ros.recordings.writer import Picture, RecordingWriter


@dataclass
class BagImport:
    """
    What an import of a bag did.

    :param topics: that were read
    :param frames: frames recorded
    :param colored: those of them that have colour
    :param posed: those of them whose pose is known
    :param left_out: frames and messages that were not recorded, by reason
    :param notes: what else there is to say, a sentence each
    """

    topics: BagTopics
    frames: int = 0
    colored: int = 0
    posed: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BagChoice:
    """
    What of a bag is imported.

    :param depth_topic: None: the only one there is
    :param info_topic: None: the one beside the depth topic; empty: none
    :param color_topic: None: the only one there is, if there is one; empty: none
    :param reference_topic: depth of higher resolution; None: none
    :param world: frame that poses are wanted in, such as ``map`` or ``odom``; empty: no poses
    :param depth_scale: metres a unit of 16-bit depth
    :param tolerance_ns: how far stamps of one frame may lie apart [ns]
    :param every: keep the first of so many frames; neighbours at a camera's rate teach little
    """

    depth_topic: str | None = None
    info_topic: str | None = None
    color_topic: str | None = None
    reference_topic: str | None = None
    world: str = ''
    depth_scale: float = MILLIMETRES
    tolerance_ns: int = TOLERANCE_NS
    every: int = 1


def import_bag(
    source: Path | str,
    destination: Path | str,
    choice: BagChoice | None = None,
    *,
    append: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BagImport:
    """
    Import a bag as a sequence of the recording in ``destination``.

    JPEG colour is kept byte for byte. Extrinsics come from /tf_static (and /tf), poses from /tf,
    at each frame's stamp. A frame that cannot be read costs itself and is counted; a clock that
    was set back begins a new sequence.

    :param append: go on with the recording that is there
    :param progress: told the frames done and how many there are at most (0: unknown), after each
    :raises BagError: when the bag cannot be read, no frame can be made, or it is not clear which
        topics to read; nothing is written then
    :raises RecordingError: when the destination cannot be used
    :raises RecordingWriteError: when the disk refuses
    """
    choice = choice or BagChoice()
    with ExitStack() as stack:
        bag = stack.enter_context(_open(Path(source), choice))
        transforms = read_moving_transforms(bag.stream)
        result = BagImport(bag.topics)
        writer: RecordingWriter | None = None
        for number, frame in enumerate(bag):
            if number % choice.every:
                _leave_out(result, f'between those wanted (every {choice.every})', 1)
                continue
            if writer is None:
                # Made with the first frame, so that a bad bag leaves nothing behind.
                told = f'bag {Path(source).resolve().name}'
                writer = RecordingWriter(destination, source=told, append=append)
                stack.enter_context(writer)
                writer.begin_sequence(
                    Path(source).resolve().stem,
                    source=told,
                    topics=_topics(bag.topics),
                    world=choice.world,
                )
            _record(frame, writer, transforms, choice.world, result)
            if progress is not None:
                progress(bag.counts.frames, len(bag))
        if writer is None:
            raise BagError(f'{source} has no message on {bag.topics.depth}')
        _count(bag, result)
        if choice.world and not result.posed:
            result.notes.append(_explain_no_pose(choice.world, bag, transforms))
        # Of the last sequence only, should the clock have been set back.
        current = writer.sequence
        if current is not None and not current.began:
            dropped = sum(result.left_out.values())
            writer.note(offered=result.frames + dropped, dropped=result.left_out)
    return result


def _open(path: Path, choice: BagChoice) -> BagReader:
    def open_bag(color_topic: str | None) -> BagReader:
        return BagReader(
            path,
            depth_topic=choice.depth_topic,
            info_topic=choice.info_topic,
            color_topic=color_topic,
            reference_topic=choice.reference_topic,
            depth_scale=choice.depth_scale,
            tolerance_ns=choice.tolerance_ns,
        )

    if choice.color_topic is not None:
        return open_bag(choice.color_topic or None)
    try:
        return open_bag('')
    except NoColorError:
        return open_bag(None)


def _record(
    frame: BagFrame,
    writer: RecordingWriter,
    transforms: MovingTransforms,
    world: str,
    result: BagImport,
) -> None:
    color = reference = None
    extrinsics: dict[str, F64] = {}
    if frame.color is not None:
        color = Picture(
            frame.color_jpeg or frame.color,
            frame.color_frame_id,
            _fitting(frame.color_camera, frame.color.shape[:2]),
        )
        _link(extrinsics, 'color', frame.color_frame_id, frame, transforms)
    if frame.reference is not None:
        reference = _depth(frame.reference, frame.reference_frame_id, frame.reference_camera)
        _link(extrinsics, 'reference', frame.reference_frame_id, frame, transforms)
    pose = transforms.between(frame.frame_id, world, frame.stamp_ns) if world else None
    try:
        writer.append(
            frame.stamp_ns,
            _depth(frame.depth, frame.frame_id, frame.camera),
            color,
            reference,
            pose=pose,
            extrinsics=extrinsics,
        )
    except StampOrderError:
        _leave_out(result, 'stamp not after that of the frame before', 1)
        return
    result.frames += 1
    result.colored += color is not None
    result.posed += pose is not None


def _depth(image: F32, frame_id: str, camera: CameraModel | None) -> Picture:
    return Picture(image, frame_id, _fitting(camera, image.shape))


def _fitting(camera: CameraModel | None, shape: tuple[int, ...]) -> CameraModel | None:
    """Return the camera, if it is that of the image: some drivers send that of another size."""
    fits = camera is not None and camera.matches(shape[1], shape[0])
    return camera if fits else None


def _link(
    extrinsics: dict[str, F64],
    kind: str,
    frame_id: str,
    frame: BagFrame,
    transforms: MovingTransforms,
) -> None:
    """Add how the camera of an image lies to the depth camera, where the bag tells."""
    if not (frame_id and frame.frame_id):
        return
    matrix = transforms.between(frame_id, frame.frame_id, frame.stamp_ns)
    if matrix is not None:
        extrinsics[kind] = matrix


def _topics(topics: BagTopics) -> dict[str, str]:
    return {f.name: topic for f in fields(topics) if (topic := getattr(topics, f.name))}


def _leave_out(result: BagImport, reason: str, count: int) -> None:
    if count > 0:
        result.left_out[reason] = result.left_out.get(reason, 0) + count


def _count(bag: BagReader, result: BagImport) -> None:
    counts, damage = bag.counts, bag.damage
    companions = [topic for topic in bag.topics.names if topic != bag.topics.depth]
    lost = counts.depth_messages - counts.frames - counts.unpaired
    _leave_out(result, 'damaged message', lost)
    _leave_out(result, f'no message of its stamp on {" and ".join(companions)}', counts.unpaired)
    _leave_out(result, 'lost with a damaged part of the bag', damage.lost)
    result.notes += [f'damaged: {fault}' for fault in counts.faults]
    result.notes += damage.notes


def _explain_no_pose(world: str, bag: BagReader, transforms: MovingTransforms) -> str:
    if MOVING_TOPIC not in bag.stream.topics:
        return f'no poses: the bag has no {MOVING_TOPIC}, so nobody knows where "{world}" was'
    known = ', '.join(sorted(transforms.roots)) or 'nothing'
    return (
        f'no poses: {MOVING_TOPIC} and {STATIC_TOPIC} never link the depth camera to "{world}"; '
        f'at the top of their trees is {known}'
    )
