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
"""Collects: frames pass the gates one after the other, and are written."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.pairing import RESET_AFTER_NS
from cdst_ros.depth.repetition import RepetitionDetector
from cdst_ros.depth.validity import valid_mask
from cdst_ros.recordings.collecting import gates
from cdst_ros.recordings.collecting.budget import Budget
from cdst_ros.recordings.collecting.keyframes import KeyFrames, Look, look_at
from cdst_ros.recordings.collecting.limits import Limits
from cdst_ros.recordings.collecting.rejection import Reason, Rejection
from cdst_ros.recordings.collecting.sample import ColorShot, DepthShot, Sample
from cdst_ros.recordings.collecting.tally import Counts, Tally
from cdst_ros.recordings.errors import RecordingError, RecordingWriteError, StampOrderError
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.writer import Picture, RecordingWriter

#: The counts are written so often [s].
_NOTE_EVERY_S = 5.0
#: A disk that refused is tried again after so long [s].
_RETRY_S = 1.0


class Progress(NamedTuple):
    """
    How far a collection is.

    :param frames: of the recording, those of earlier sequences included
    :param size: of its images [bytes]
    :param free: on its disk [bytes]; None where it does not tell
    :param sequence: number of the collecting session
    :param counts: of this session
    """

    frames: int
    size: int
    free: int | None
    sequence: int
    counts: Counts


class Collection:
    """
    One collecting session: a sequence of a recording, and what decides what goes into it.

    Any thread may call; frames are dealt with one at a time, and counting waits for none of them.

    :param said: told, in words, of what a person should know besides rejections
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: Limits,
        budget: Budget,
        source: str = '',
        topics: Mapping[str, str] | None = None,
        said: Callable[[str], None] = lambda text: None,
    ) -> None:
        """
        Open the recording, which is made if it is missing, and begin a sequence.

        :raises RecordingError: when the folder holds something else, or somebody writes to it
        :raises RecordingWriteError: when the folder cannot be written
        """
        self.path = path
        self.limits = limits
        self.budget = budget
        self.tally = Tally()
        self._said = said
        self._writing = threading.Lock()
        self._key_frames = KeyFrames()
        self._repetition = RepetitionDetector()
        self._writer = RecordingWriter(path, source=source, append=True)
        try:
            self._writer.begin_sequence(source=source, topics=topics)
        except BaseException:
            self._writer.close()
            raise
        self._before = self.tally.counts()
        self._last_stamp_ns: int | None = None
        self._refused_until = 0.0
        self._refusal = ''
        self._noted = time.monotonic()
        self._open = True

    def offer(self, sample: Sample) -> Rejection | None:
        """Keep a frame that came and was counted, or say why not."""
        with self._writing:
            rejection = self._rejection(sample)
            if rejection is None:
                self.tally.keep()
            else:
                self.tally.drop(rejection.reason)
            self._note_in_time()
        return rejection

    @property
    def enlarged(self) -> float:
        """How many times depth was enlarged by repeating its pixels, 1.0 as far as is known."""
        return self._repetition.factor or 1.0

    def note_noise(self, noise: MeasuredNoise) -> None:
        """
        Note what the sensor's noise is.

        :raises RecordingWriteError: when the disk refuses
        """
        with self._writing:
            self._writer.note(noise=noise)

    def progress(self) -> Progress:
        """Return how far it is."""
        return Progress(
            frames=len(self._writer),
            size=self._writer.image_bytes,
            free=self._free(),
            sequence=self._sequence,
            counts=self.tally.counts(),
        )

    def close(self) -> None:
        """End the sequence, with its counts, and let go of the recording; once is enough."""
        with self._writing:
            if self._open:
                self._open = False
                self._note_counts()
                self._writer.close()

    def _rejection(self, sample: Sample) -> Rejection | None:
        """Pass the gates, cheap ones first, and write; return the first refusal."""
        for refusal in self._refusals_unseen(sample):
            if refusal is not None:
                return refusal
        self._repetition.update(sample.depth.image)
        grey = _grey(sample.color)
        dark = None if grey is None else gates.dark(grey, self.limits.brightness)
        if dark is not None:
            return dark
        look = look_at(self._in_range(sample.depth), grey)
        unmoved = self._key_frames.unmoved(look, self.limits.change)
        if unmoved is not None:
            return unmoved
        # The dearest of the gates comes last: most frames are gone by now.
        blurred = None if grey is None else gates.blurred(grey, self.limits.blur)
        return blurred or self._write(sample, look)

    def _refusals_unseen(self, sample: Sample) -> Iterator[Rejection | None]:
        """Yield what is to be said without looking at colour."""
        limits = self.limits
        yield gates.stale(sample.age_s, limits.age_s)
        if time.monotonic() < self._refused_until:
            yield Rejection(Reason.UNWRITTEN, self._refusal)
        yield self.budget.exceeded(len(self._writer), self._writer.image_bytes, self._free())
        yield gates.few_valid(sample.depth.image, limits.valid, limits.min_depth, limits.max_depth)

    def _in_range(self, depth: DepthShot) -> F32:
        known = valid_mask(depth.image, self.limits.min_depth, self.limits.max_depth)
        return np.where(known, depth.image, np.float32(np.nan))

    def _write(self, sample: Sample, look: Look) -> Rejection | None:
        self._tell_of_clock(sample.stamp_ns)
        try:
            self._append(self._without_bad_reference(sample))
        except StampOrderError as error:
            return Rejection(Reason.REPEATED, str(error))
        except RecordingError as error:
            return Rejection(Reason.UNREADABLE, str(error))
        except RecordingWriteError as error:
            self._refused_until = time.monotonic() + _RETRY_S
            self._refusal = str(error)
            return Rejection(Reason.UNWRITTEN, str(error))
        self._last_stamp_ns = sample.stamp_ns
        self._key_frames.keep(look)
        return None

    def _append(self, sample: Sample) -> None:
        def picture(shot: DepthShot | ColorShot | None) -> Picture | None:
            return None if shot is None else Picture(shot.image, shot.frame_id, shot.camera)

        depth = picture(sample.depth)
        assert depth is not None
        before = self._sequence
        self._writer.append(
            sample.stamp_ns,
            depth,
            picture(sample.color),
            picture(sample.reference),
            extrinsics=sample.extrinsics,
        )
        if before != self._sequence:
            self._before = self._counts(in_hand=1)

    def _without_bad_reference(self, sample: Sample) -> Sample:
        """Return the sample; a reference that cannot be one is left out, and the pair is kept."""
        reference = sample.reference
        if reference is None:
            return sample
        fault = reference_fault(sample.depth, reference)
        if not fault:
            return sample
        self._said(f'{fault}. The pair is kept without it')
        return replace(sample, reference=None)

    def _tell_of_clock(self, stamp_ns: int) -> None:
        """Say when the writer will begin another sequence, for time was set back."""
        last = self._last_stamp_ns
        if last is None or last - stamp_ns < RESET_AFTER_NS:
            return
        self._note_counts(in_hand=1)
        self._said(
            f'the stamps ran back by {(last - stamp_ns) / 1e9:.3f} s: a clock was set, or a bag '
            'began again. What was collected stays as it is, and a new sequence of the recording '
            'begins'
        )

    def _note_in_time(self) -> None:
        if time.monotonic() - self._noted >= _NOTE_EVERY_S:
            self._note_counts()

    def _counts(self, in_hand: int) -> Counts:
        """Return the counts without the frame in hand, which is of the sequence that begins."""
        counts = self.tally.counts()
        return counts._replace(offered=counts.offered - in_hand)

    def _note_counts(self, in_hand: int = 0) -> None:
        """Write the counts of the sequence; a disk that refuses has other cares."""
        self._noted = time.monotonic()
        counts = self._counts(in_hand).since(self._before)
        try:
            self._writer.note(offered=counts.offered, dropped=counts.dropped)
        except RecordingWriteError as error:
            self._said(str(error))

    @property
    def _sequence(self) -> int:
        """Number of the sequence that is being written."""
        assert self._writer.sequence is not None
        return self._writer.sequence.number

    def _free(self) -> int | None:
        try:
            return shutil.disk_usage(self.path).free
        except OSError:  # writing will say what is wrong
            return None


def reference_fault(depth: DepthShot, reference: DepthShot) -> str:
    """Return why a depth image is no reference for another, and what to do; '' if it is one."""
    height, width = reference.image.shape
    if reference.camera is not None and not reference.camera.matches(width, height):
        return (
            f'the reference is {width}x{height} and its camera_info {reference.camera.width}x'
            f'{reference.camera.height}: remap reference/camera_info to the one of this very image'
        )
    lower, narrower = depth.image.shape
    if height > lower and width > narrower:
        return ''
    return (
        f'the reference is {width}x{height} and the depth {narrower}x{lower}: a reference has '
        'more pixels each way; remap reference/image_raw to the depth of higher resolution'
    )


def _grey(color: ColorShot | None) -> U8 | None:
    if color is None:
        return None
    return np.asarray(cv2.cvtColor(color.image, cv2.COLOR_RGB2GRAY))
