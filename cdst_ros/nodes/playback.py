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
"""What the camera node plays: frames of a synthetic scene, a recording or a bag, made ready."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from cdst_ros.depth.arrays import F32, U8, AnyArray
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation import sources as evaluation_sources
from cdst_ros.evaluation.degrade import degradation
from cdst_ros.evaluation.judging import View as Pair
from cdst_ros.evaluation.lowering import lowering
from cdst_ros.evaluation.references import (
    LoweredPairs,
    Pairing,
    RecordedPairs,
    UnusableFrameError,
)
from cdst_ros.nodes.camera_parameters import CameraParameters
from cdst_ros.recordings.bag import TOLERANCE_NS, BagFrame, BagReader
from cdst_ros.recordings.errors import BagError, RecordingError
from cdst_ros.recordings.layout import HEADER_FILE
from cdst_ros.recordings.reader import RecordedFrame, Recording
from cdst_ros.synthetic import SyntheticCamera, SyntheticFrame, load_profile

Item = TypeVar('Item')
Pixels = TypeVar('Pixels', bound=AnyArray)


@dataclass(frozen=True)
class View(Generic[Pixels]):
    """
    One image and the camera that took it.

    :param image: depth (H, W) float32 [m], or colour (H, W, 3) uint8 RGB
    :param camera: where known
    :param frame_id: optical frame
    """

    image: Pixels
    camera: CameraModel | None
    frame_id: str


@dataclass(frozen=True)
class PlayedFrame:
    """
    What a camera sees at one moment.

    :param depth: what the sensor delivers
    :param color: where there is colour
    :param truth: high-resolution depth, where there is any
    :param stamp_ns: as recorded; of a synthetic scene since its beginning [ns]
    """

    depth: View[F32]
    color: View[U8] | None = None
    truth: View[F32] | None = None
    stamp_ns: int = 0


@dataclass(frozen=True)
class Source:
    """
    A source of frames that can be gone through again and again.

    :param description: for people
    :param length: number of frames, None where it is not known before they are read
    :param rate_hz: the source's own rate, where it has one
    :param has_color: whether frames may have colour
    :param has_truth: whether frames may have a truth
    :param frames: starts from the first frame at every call
    """

    description: str
    length: int | None
    rate_hz: float | None
    has_color: bool
    has_truth: bool
    frames: Callable[[], Iterator[PlayedFrame]]


def open_source(settings: CameraParameters, skipped: Callable[[str], None]) -> Source:
    """
    Open what the parameters of the camera node name.

    :param skipped: told of frames that cannot be read; the next one is played instead
    :raises ValueError: when there is nothing to play, or it is not clear what
    :raises OSError: when it cannot be read
    """
    if settings.source == 'synthetic':
        return _synthetic(settings)
    path = Path(settings.source).expanduser()
    if not path.exists():
        raise ValueError(f'source {path} does not exist: give synthetic, a recording or a bag')
    if settings.pairs:
        return _paired(path, settings, skipped)
    if (path / HEADER_FILE).exists():
        return _recording(path, settings, skipped)
    return _bag(path, settings, skipped)


def _synthetic(settings: CameraParameters) -> Source:
    camera = SyntheticCamera(
        settings.seed,
        settings.width,
        settings.height,
        scale=settings.scale,
        profile=load_profile(settings.profile),
        frames=settings.loop_frames or None,
        color=settings.publish_colour,
    )
    # There and back again, without the turning points twice.
    length = max(1, 2 * camera.count - 2)

    def frames() -> Iterator[PlayedFrame]:
        for index in range(length):
            yield _rendered(camera.frame(index), with_truth=_has_truth(index, settings))

    return Source(
        description=f'synthetic scene {settings.seed}, {settings.profile} sensor',
        length=length,
        rate_hz=None,
        has_color=settings.publish_colour,
        has_truth=True,
        frames=frames,
    )


def _rendered(frame: SyntheticFrame, with_truth: bool) -> PlayedFrame:
    color = truth = None
    if frame.color is not None:
        color = View(frame.color, frame.camera_hr, frame.frame_id)
    if with_truth:
        truth = View(frame.truth(), frame.camera_hr, frame.frame_id)
    depth = View(frame.depth, frame.camera, frame.frame_id)
    return PlayedFrame(depth, color, truth, frame.stamp_ns)


def _has_truth(index: int, settings: CameraParameters) -> bool:
    return settings.publish_truth and index % settings.truth_every == 0


def _recording(path: Path, settings: CameraParameters, skipped: Callable[[str], None]) -> Source:
    recording = Recording(path)
    if not len(recording):
        raise ValueError(f'{path} is a recording without frames: record or import some first')
    made = _maker(settings.degrade)

    def frames() -> Iterator[PlayedFrame]:
        for index, frame in enumerate(recording):
            with_truth = _has_truth(index, settings)
            try:
                if made is None:
                    yield _recorded(frame, with_truth)
                else:
                    yield made(_recorded(frame, with_reference=False), with_truth)
            except RecordingError as error:
                skipped(str(error))

    return Source(
        description=f'recording {path.name}{"" if made is None else f" ({settings.degrade})"}',
        length=len(recording),
        rate_hz=recording.rate_hz,
        has_color=any(frame.has('color') for frame in recording),
        has_truth=made is not None or any(frame.has('reference') for frame in recording),
        frames=frames,
    )


def _recorded(frame: RecordedFrame, with_reference: bool) -> PlayedFrame:
    color = frame.color()
    reference = frame.reference() if with_reference else None

    def view(image: Pixels, kind: str) -> View[Pixels]:
        return View(image, frame.camera(kind), frame.frame_id(kind))

    return PlayedFrame(
        depth=view(frame.depth(), 'depth'),
        color=None if color is None else view(color, 'color'),
        truth=None if reference is None else view(reference, 'reference'),
        stamp_ns=frame.stamp_ns,
    )


def _bag(path: Path, settings: CameraParameters, skipped: Callable[[str], None]) -> Source:
    with _open_bag(path, settings) as bag:
        length = len(bag) or None
        has_color = bag.topics.color is not None
        topic = bag.topics.depth
    made = _maker(settings.degrade)

    def frames() -> Iterator[PlayedFrame]:
        # Opened anew: a database belongs to the thread that opened it.
        with _open_bag(path, settings) as bag:
            for index, frame in enumerate(bag):
                played = _bagged(frame)
                yield played if made is None else made(played, _has_truth(index, settings))
            if bag.counts.damaged:
                skipped(f'{bag.counts.damaged} messages of {path} are damaged')

    return Source(
        description=f'{topic} of {path.name}{"" if made is None else f" ({settings.degrade})"}',
        length=length,
        rate_hz=None,
        has_color=has_color,
        has_truth=made is not None,
        frames=frames,
    )


def _open_bag(path: Path, settings: CameraParameters) -> BagReader:
    """Open a bag with its colour, where it is wanted and clear which one, else without."""
    depth_topic = settings.depth_topic or None
    if settings.publish_colour:
        try:
            return BagReader(path, depth_topic=depth_topic, color_topic='')
        except BagError:
            pass  # if colour is not the reason, it comes again
    return BagReader(path, depth_topic=depth_topic)


def _bagged(frame: BagFrame) -> PlayedFrame:
    color = None
    if frame.color is not None:
        color = View(frame.color, frame.color_camera, frame.color_frame_id)
    depth = View(frame.depth, frame.camera, frame.frame_id)
    return PlayedFrame(depth, color, stamp_ns=frame.stamp_ns)


def _paired(path: Path, settings: CameraParameters, skipped: Callable[[str], None]) -> Source:
    """Return input and reference as an offline evaluation pairs them."""
    pairing = _pairing(path, settings)
    with _open_pairs(path, settings) as source:
        length = len(source) or None

    def frames() -> Iterator[PlayedFrame]:
        # Opened anew: a database belongs to the thread that opened it.
        with _open_pairs(path, settings) as source:
            for index, frame in enumerate(source):
                try:
                    yield _played_pair(frame, pairing.view(frame, settings.scale, index), settings)
                except UnusableFrameError as error:
                    skipped(f'{frame.name}: {error}')
            if source.skipped.count:
                skipped(f'{source.skipped.count} of {path}: {"; ".join(source.skipped.reasons)}')

    return Source(
        description=f'{path.name}, paired at x{settings.scale}',
        length=length,
        rate_hz=None,
        has_color=settings.publish_colour,
        has_truth=True,
        frames=frames,
    )


def _pairing(path: Path, settings: CameraParameters) -> Pairing:
    """
    Return what makes pairs of the frames of a source.

    :raises ValueError: when there is neither a degradation nor a reference
    """
    if settings.degrade != 'none':
        return LoweredPairs(lowering(settings.degrade), reduce=settings.reduce)
    with _open_pairs(path, settings) as source:
        first = next(iter(source), None)
    if first is None or first.reference is None:
        raise ValueError(
            f'{path} has no reference to pair with: name one (reference_topic, of a bag), or a '
            'degradation (degrade), such as valid_median'
        )
    return RecordedPairs(first, TOLERANCE_NS, settings.reference_topic or 'its reference')


def _open_pairs(path: Path, settings: CameraParameters) -> evaluation_sources.Source:
    return evaluation_sources.open_source(
        path,
        color=settings.publish_colour,
        require_color=False,
        depth_topic=settings.depth_topic or None,
        reference=settings.degrade == 'none',
        reference_topic=settings.reference_topic or None,
    )


def _played_pair(
    frame: evaluation_sources.SourceFrame, pair: Pair, settings: CameraParameters
) -> PlayedFrame:
    camera = pair.camera
    low = None
    if camera is not None:
        height, width = pair.low.shape
        smaller = camera.scaled(1 / settings.scale, GridAlignment.HALF_PIXEL)
        low = replace(smaller, width=width, height=height)
    color = None if pair.rgb is None else View(pair.rgb, camera, frame.frame_id)
    return PlayedFrame(
        depth=View(pair.low, low, frame.frame_id),
        color=color,
        truth=View(pair.reference, camera, frame.frame_id),
        stamp_ns=frame.stamp_ns,
    )


def _maker(degrade: str) -> Callable[[PlayedFrame, bool], PlayedFrame] | None:
    """
    Return what makes input and, where asked, truth from a recorded frame.

    None stands for playing it as it is.

    :raises ValueError: for an unknown degradation
    """
    if degrade == 'none':
        return None
    made = degradation(degrade)

    def make(frame: PlayedFrame, with_truth: bool) -> PlayedFrame:
        low, reference = made(frame.depth.image)
        truth = _smaller(frame.depth, reference, made.reference_factor) if with_truth else None
        return replace(frame, depth=_smaller(frame.depth, low, made.factor), truth=truth)

    return make


def _smaller(view: View[F32], image: F32, factor: int) -> View[F32]:
    """Return an image made ``factor`` times smaller, its last rows left out, with its camera."""
    if view.camera is None:
        return replace(view, image=image)
    height, width = image.shape
    whole = replace(view.camera.reduced(), width=width * factor, height=height * factor)
    camera = whole.scaled(1 / factor, GridAlignment.HALF_PIXEL)
    return replace(view, image=image, camera=camera)


class Reel(Generic[Item]):
    """
    Makes items ready ahead of time, on a thread of its own.

    A source that fits ``ahead`` items is made ready once, whole, and played from memory; a longer
    one is made ready as it is played, so that a long bag needs no more memory than a short one.

    :param items: starts the source from its first item
    :param length: of the source; None is longer than ``ahead``
    :param loop: start again after the last item
    :param ahead: items kept ready
    :param progress: told how many of how many items are ready, on the thread
    """

    def __init__(
        self,
        items: Callable[[], Iterable[Item]],
        length: int | None,
        loop: bool,
        ahead: int,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._items = items
        self._loop = loop
        self._whole = length is not None and length <= ahead
        self._total = ahead if length is None else min(length, ahead)
        self._progress = progress
        self._queue: queue.Queue[Item | None] = queue.Queue(0 if self._whole else ahead)
        self._stopping = threading.Event()
        #: What broke the source, if anything did.
        self.error: Exception | None = None
        self._ended = False
        #: Set once the first ``ahead`` items are ready, or the source broke.
        self.ready = threading.Event()
        self._thread = threading.Thread(target=self._fill, name='reel', daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the last item has been taken."""
        return self._ended

    def take(self) -> Item | None:
        """
        Return the next item; None where it is not ready, or there is none any more.

        See ``ended`` and ``error`` for why there is none.
        """
        try:
            item = self._queue.get_nowait()
        except queue.Empty:
            return None
        if item is None:
            self._ended = True
        elif self._whole and self._loop:
            self._queue.put(item)
        return item

    def stop(self) -> None:
        """End the thread; nothing is taken afterwards."""
        self._stopping.set()
        self._thread.join()

    def _fill(self) -> None:
        count = 0
        try:
            for item in self._endless():
                if not self._put(item):
                    return
                count += 1
                if count <= self._total:
                    self._progress(count, self._total)
                if count == self._total:
                    self.ready.set()
            if not count:
                raise ValueError('the source has no frame that can be played')
            if not (self._whole and self._loop):
                self._put(None)
        except Exception as error:
            self.error = error
        finally:
            self.ready.set()

    def _endless(self) -> Iterator[Item]:
        """Yield the items, again and again if the source loops and is not kept whole."""
        if self._loop and not self._whole:
            return itertools.chain.from_iterable(map(self._pass, itertools.count()))
        return iter(self._items())

    def _pass(self, number: int) -> Iterator[Item]:
        """Yield the items once; an empty pass would go on for ever without one."""
        empty = True
        for item in self._items():
            empty = False
            yield item
        if empty:
            raise ValueError(f'pass {number + 1} through the source gave no frame')

    def _put(self, item: Item | None) -> bool:
        """Queue an item when there is room; False when the reel is stopped first."""
        while not self._stopping.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
