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
"""The camera node: plays a synthetic scene, a recording or a bag as a depth camera would."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMessage

from cdst_ros.nodes.announce import Announcer
from cdst_ros.nodes.camera_parameters import CameraParameters
from cdst_ros.nodes.camera_topics import ImageTopic, Shot, color_shot, depth_shot
from cdst_ros.nodes.gate import Gate
from cdst_ros.nodes.playback import PlayedFrame, Reel, Source, open_source
from cdst_ros.nodes.process import run_until_done
from cdst_ros.nodes.throttle import ThrottledLog

#: How long the last frames may take to reach reliable subscribers [s].
_FAREWELL_S = 2.0
#: How often to look whether everything is ready to begin [s].
_LOOK_S = 0.05

#: How many times to log how far the preparation is.
_SAID = 4


class _Frame(NamedTuple):
    """The images of one frame by topic, and the stamp that was recorded [ns]."""

    shots: dict[str, Shot]
    stamp_ns: int


class CameraNode(Node):  # type: ignore[misc]
    """
    Publishes depth, colour and high-resolution truth at a steady rate.

    It is a plain node, as camera drivers are: there is nothing that a lifecycle manager would
    want to take apart. A thread makes frames ready ahead of time; the timer only stamps and
    publishes, on a grid of times that does not drift. A moment that the timer or the source
    misses is left out and counted, as a camera drops a frame, and never made up in a bunch.

    With ``wait_for`` it is no camera any more but a player that waits: every frame goes out when
    the one before has been dealt with, at the rate at most, and again where nobody answers.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('camera', **arguments)
        CameraParameters.declare(self)
        self._settings = CameraParameters.read(self)
        self._announcer = Announcer(self._settings.events)
        self._log = ThrottledLog(self.get_logger())
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._topics: dict[str, ImageTopic] = {}
        self._reel: Reel[_Frame] | None = None
        self._timer: Any = None
        self._period_ns = 0
        self._began_ns = 0
        self._moment = 0
        self._published = 0
        self._late = 0
        self._gate: Gate | None = None
        self._last: _Frame | None = None
        self._clock_topic: Any = None
        #: Whether the last frame has been played, or no more can be.
        self.done = False
        #: Whether the source broke.
        self.failed = False

    def start(self) -> bool:
        """Open the source and begin to make frames ready; False when it cannot be played."""
        settings = self._settings
        try:
            settings.check()
            source = open_source(settings, self._warn_skipped)
        except (ValueError, OSError) as error:
            self.get_logger().fatal(f'refuses to start: {error}')
            return False
        rate_hz = settings.rate or source.rate_hz or 30.0
        self._period_ns = round(1e9 / rate_hz)
        length = 'frames' if source.length is None else f'{source.length} frames'
        self.get_logger().info(f'{source.description}: {length} at {rate_hz:g} Hz')
        self._make_topics(source)
        if settings.clock:
            self._clock_topic = self.create_publisher(ClockMessage, '/clock', 10)
        if settings.wait_for:
            self._gate = Gate(self, settings.wait_for, settings.wait_timeout)
        self._reel = Reel(
            partial(self._shoot, source),
            source.length,
            settings.loop,
            settings.ahead,
            self._tell_prepared,
        )
        self._timer = self.create_timer(_LOOK_S, self._begin, clock=self._steady)
        return True

    def destroy_node(self) -> None:
        """Say what was played, and withdraw from the graph."""
        if self._reel is not None:
            self._reel.stop()
            missed = 0 if self._gate is None else self._gate.missed
            self._announcer.say(
                'played', published=self._published, late=self._late, missed=missed
            )
            if missed:
                self.get_logger().warning(
                    f'{missed} frames were given up: nobody told that they have been dealt with'
                )
            self.get_logger().info(
                f'published {self._published} frames, left out {self._late} that were late'
            )
        super().destroy_node()

    def _make_topics(self, source: Source) -> None:
        settings = self._settings
        names = ['depth']
        if source.has_truth and settings.publish_truth:
            names.append('truth')
        if source.has_color and settings.publish_colour:
            names.append('rgb')
        for name in names:
            self._topics[name] = ImageTopic(self, name, settings.reliability)

    def _shoot(self, source: Source) -> Iterator[_Frame]:
        """Return the messages of every frame, one after the other."""
        return map(self._shots, source.frames())

    def _shots(self, frame: PlayedFrame) -> _Frame:
        encoding = self._settings.encoding
        shots = {'depth': depth_shot(frame.depth, encoding)}
        if frame.truth is not None and 'truth' in self._topics:
            shots['truth'] = depth_shot(frame.truth, encoding)
        if frame.color is not None and 'rgb' in self._topics:
            shots['rgb'] = color_shot(frame.color)
        return _Frame(shots, frame.stamp_ns)

    def _begin(self) -> None:
        """Begin to play if there is something to play, and somebody to play it for."""
        assert self._reel is not None
        if self._reel.error is not None:
            self._give_up(self._reel.error)
            return
        if not (self._reel.ready.is_set() and self._attended()):
            return
        self.destroy_timer(self._timer)
        self._announcer.say('playing')
        self._began_ns = self._steady.now().nanoseconds
        tick = self._tick if self._gate is None else self._step
        self._timer = self.create_timer(self._period_ns / 1e9, tick, clock=self._steady)
        self._period_ns = self._timer.timer_period_ns  # to the nanosecond, or moments would drift

    def _attended(self) -> bool:
        if self._gate is not None and not self._gate.attended():
            return False
        wanted = self._settings.wait_for_subscribers
        if not wanted:
            return True
        listeners = {name: topic.listeners() for name, topic in self._topics.items()}
        return listeners['depth'] >= wanted and listeners.get('truth', 1) > 0

    def _tick(self) -> None:
        """Publish the next frame, at one moment of the grid."""
        assert self._reel is not None
        # The timer fires after its moment, never before; a moment that has passed, it leaves out.
        # One that is almost a period late may be taken for the next, which then is not used up.
        moment = (self._steady.now().nanoseconds - self._began_ns) // self._period_ns
        moment = max(moment, self._moment + 1)
        self._late += moment - self._moment - 1
        self._moment = moment
        frame = self._reel.take()
        if frame is not None:
            self._publish(frame)
            self._published += 1
        elif self._reel.error is not None:
            self._give_up(self._reel.error)
            return
        elif not self._reel.ended:
            self._late += 1
            self._log.warn('the source is slower than the rate: lower the rate')
        if self._reel.ended or self._published == self._settings.frames > 0:
            self._end()

    def _step(self) -> None:
        """Publish the next frame if the one before has been dealt with."""
        assert self._reel is not None
        assert self._gate is not None
        if not self._gate.is_open():
            if self._last is not None and self._gate.wants_again():
                self._publish(self._last)
            return
        limit = self._settings.frames
        frame = None if self._published == limit > 0 else self._reel.take()
        if frame is not None:
            self._last = frame
            self._gate.sent(self._publish(frame))
            self._published += 1
        elif self._reel.error is not None:
            self._give_up(self._reel.error)
        elif self._reel.ended or self._published == limit > 0:
            self._end()

    def _publish(self, frame: _Frame) -> int:
        """Publish a frame; return its stamp [ns]."""
        recorded = self._settings.stamps == 'recorded'
        time = Time(nanoseconds=frame.stamp_ns) if recorded else self.get_clock().now()
        stamp = time.to_msg()
        if self._clock_topic is not None:
            self._clock_topic.publish(ClockMessage(clock=stamp))
        for name, shot in frame.shots.items():
            self._topics[name].publish(shot, stamp)
        return int(time.nanoseconds)

    def _end(self) -> None:
        self.destroy_timer(self._timer)
        for topic in self._topics.values():
            topic.flush(_FAREWELL_S)
        self.done = True

    def _give_up(self, error: Exception) -> None:
        self.get_logger().fatal(f'cannot play on: {error}')
        self.failed = True
        self._end()

    def _tell_prepared(self, done: int, total: int) -> None:
        self._announcer.say('prepared', done=done, total=total)
        if done * _SAID // total > (done - 1) * _SAID // total:
            self.get_logger().info(f'{done} of {total} frames are ready')

    def _warn_skipped(self, text: str) -> None:
        self._log.warn(f'left out a frame: {text}')


def main(args: Sequence[str] | None = None) -> int:
    """Run the camera node until its last frame, or a signal; 1 when it cannot be played."""
    return run_until_done(CameraNode, CameraNode.start, args)


if __name__ == '__main__':
    sys.exit(main())
