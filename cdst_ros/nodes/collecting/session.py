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
"""One collecting session: from the topics to the disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rclpy.lifecycle import LifecycleNode

from cdst_ros.depth.arrays import F64
from cdst_ros.nodes.collecting.intake import sample_of
from cdst_ros.nodes.collecting.pairs import COLOR, DEPTH, REFERENCE, Pair, PairSource, topics_of
from cdst_ros.nodes.collecting.parameters import CollectorParameters
from cdst_ros.nodes.fixed_frames import FixedFrames
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.silence import depth_candidates
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.window import Window
from cdst_ros.nodes.worker import Worker
from cdst_ros.recordings.collecting.collection import Collection, Progress
from cdst_ros.recordings.collecting.rejection import Reason, Rejection
from cdst_ros.recordings.sequences import MeasuredNoise

#: What is no fault: a camera that rests shows nothing new.
_HARMLESS = frozenset({Reason.UNMOVED})


class _Item(NamedTuple):
    """What travels to the worker."""

    pair: Pair
    extrinsics: Mapping[str, F64]


class Session:
    """
    Pairs messages, and has one worker thread decode, judge, encode and write the newest pair.

    All methods run on the executor's thread, but for ``_work`` and what it calls.
    """

    def __init__(
        self,
        node: LifecycleNode,
        mailbox: Mailbox,
        log: ThrottledLog,
        frames: FixedFrames,
        *,
        parameters: CollectorParameters,
        noise: MeasuredNoise | None,
    ) -> None:
        """
        Begin.

        :param noise: of the sensor, where it was measured before
        :raises RecordingError: when the folder holds something else, or somebody writes to it
        :raises RecordingWriteError: when the folder cannot be written
        """
        self._node = node
        self._log = log
        self._frames = frames
        self._told_enlarged = False
        self._parameters = parameters
        self.window = Window()
        self.collection = Collection(
            parameters.path,
            limits=parameters.limits(),
            budget=parameters.budget(),
            source=f'collected by {node.get_fully_qualified_name()}',
            topics=topics_of(node, parameters),
            said=self._warn,
        )
        self._worker: Worker[_Item] | None = None
        try:
            if noise is not None:
                self.collection.note_noise(noise)
            self._worker = Worker(
                'collector', self._work, self._broke, self._superseded, parameters.nice
            )
            self.source = PairSource(
                node,
                mailbox,
                parameters=parameters,
                came=self._came,
                lost=lambda: self._drop(Reason.UNPAIRED),
                deliver=self._deliver,
            )
        except BaseException:
            self._end_writing()
            raise

    def change(self, parameters: CollectorParameters) -> None:
        """Take over what may change while a session goes on."""
        self._parameters = parameters
        self.collection.limits = parameters.limits()
        self.collection.budget = parameters.budget()

    def tick(self) -> None:
        """Look after the topics; to be called about once a second."""
        self.source.tick()
        if self.silent():
            self._log.warn(self.source.explain_silence())
        if self.enlarged and not self._told_enlarged:
            self._told_enlarged = True
            topic = self.source.depth_topic
            self._warn(
                f'{self.enlarged}. Nothing can be learned from that: remap depth/image_raw and '
                'depth/camera_info to the depth that the sensor measures'
                f'{depth_candidates(self._node, topic)}'
            )

    def silent(self) -> bool:
        """Tell whether no pair has been complete for longer than ``warn_after_s``."""
        return self.source.silent_s() > self._parameters.warn_after_s

    @property
    def enlarged(self) -> str:
        """What is to be said of depth that a driver has enlarged already; '' where it has not."""
        factor = self.collection.enlarged
        if factor == 1.0:
            return ''
        return (
            f'{self.source.depth_topic}: the image has been enlarged {factor:g} times by '
            'repeating its pixels, as aligned or registered depth often is'
        )

    def progress(self) -> Progress:
        """Return how far the session is."""
        return self.collection.progress()

    def stop(self) -> Progress:
        """Finish the frame in hand, close the recording, and return how far it came."""
        self.source.destroy()
        self._end_writing()
        return self.progress()

    def _end_writing(self) -> None:
        if self._worker is not None:
            self._worker.stop()
        self.collection.close()

    def _came(self) -> None:
        self.collection.tally.offer()
        self.window.count('in')

    def _deliver(self, pair: Pair) -> None:
        """Hand a pair to the worker."""
        assert self._worker is not None
        self._worker.submit(_Item(pair, self._extrinsics(pair.messages)))

    def _extrinsics(self, messages: Mapping[str, Any]) -> dict[str, F64]:
        """Return how the other cameras lie to the depth camera, as far as it is known."""
        target = messages[DEPTH].header.frame_id
        found = {}
        for kind in (COLOR, REFERENCE):
            if kind not in messages:
                continue
            source = messages[kind].header.frame_id
            matrix = self._frames.between(source, target)
            if matrix is not None:
                found[kind] = matrix
            else:
                self.window.count('without extrinsics')
                said = self._frames.explain(source, target)
                self._log.warn(f'{said}. The frames are recorded without it')
        return found

    def _work(self, item: _Item) -> None:
        try:
            sample = sample_of(item.pair, item.extrinsics, self._parameters.depth_scale)
        except ValueError as error:
            self.collection.tally.drop(Reason.UNREADABLE)
            self._tell(Rejection(Reason.UNREADABLE, str(error)))
            return
        rejection = self.collection.offer(sample)
        if rejection is None:
            self.window.count('kept')
        else:
            self._tell(rejection)

    def _tell(self, rejection: Rejection) -> None:
        self.window.count(f'dropped/{rejection.reason.value}')
        if rejection.reason not in _HARMLESS:
            self._log.warn(f'{rejection.reason.value}, a frame is not kept: {rejection.text}')

    def _broke(self, error: Exception) -> None:
        self._drop(Reason.UNREADABLE)
        self._log.warn(f'a frame is not kept: {type(error).__name__}: {error}')

    def _superseded(self) -> None:
        self._drop(Reason.BUSY)

    def _drop(self, reason: Reason) -> None:
        self.collection.tally.drop(reason)
        self.window.count(f'dropped/{reason.value}')

    def _warn(self, text: str) -> None:
        self._log.warn(text)
