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
"""What a listener at the end of a live stream counts, and which frames it keeps to score."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.running import RunningFigures

#: The intrinsics of output and truth may differ by this share.
_SAME = 1e-6


class LiveTally:
    """
    Counts frames and latencies by stamp; adding one costs microseconds.

    A frame counts once, however often its message comes.
    """

    def __init__(self) -> None:
        self._inputs: dict[int, int] = {}
        self._outputs: dict[int, tuple[int, int]] = {}

    def add_input(self, stamp_ns: int, steady_ns: int = 0) -> None:
        """
        Note an input frame.

        :param steady_ns: when it came, on a steady clock
        """
        self._inputs.setdefault(stamp_ns, steady_ns)

    def add_output(self, stamp_ns: int, received_ns: int, steady_ns: int) -> None:
        """
        Note an output frame.

        :param received_ns: when it came, on the clock that its stamp is of
        :param steady_ns: when it came, on a steady clock
        """
        self._outputs.setdefault(stamp_ns, (received_ns - stamp_ns, steady_ns))

    @property
    def frames_in(self) -> int:
        """Frames that went in; one seen at the output alone went in, too."""
        return len(self._inputs.keys() | self._outputs.keys())

    @property
    def frames_out(self) -> int:
        """Frames that came out."""
        return len(self._outputs)

    def is_complete(self) -> bool:
        """Whether the newest input seen has come out."""
        return not self._inputs or max(self._inputs) in self._outputs

    def rate_hz(self) -> float | None:
        """Return the rate of the output, None for fewer than two frames."""
        times = [steady for _, steady in self._outputs.values()]
        seconds = (max(times) - min(times)) * 1e-9 if times else 0.0
        return (len(times) - 1) / seconds if seconds > 0 else None

    def recorded_seconds(self) -> float:
        """Return the time between the stamps of the first and the last output [s]."""
        return 1e-9 * (max(self._outputs) - min(self._outputs)) if self._outputs else 0.0

    def latency_ms(self, simulated: bool = False) -> dict[str, float] | None:
        """
        Return p50, p99 and max of the time from stamp to receipt [ms], None without a frame.

        :param simulated: stamps are of a clock that stands still between frames: take the time
            from hearing the input to hearing the output
        """
        taken = self._heard_ns() if simulated else [late for late, _ in self._outputs.values()]
        if not taken:
            return None
        latencies = np.array(taken) * 1e-6
        p50, p99 = np.percentile(latencies, (50, 99))
        return {'p50': float(p50), 'p99': float(p99), 'max': float(latencies.max())}

    def latency_of_ms(self, stamp_ns: int, simulated: bool = False) -> float:
        """Return the latency of one frame [ms], NaN where it is not known."""
        if stamp_ns not in self._outputs or (simulated and stamp_ns not in self._inputs):
            return math.nan
        if simulated:
            return 1e-6 * self._between_ns(stamp_ns)
        return 1e-6 * self._outputs[stamp_ns][0]

    def _heard_ns(self) -> list[int]:
        """Return the time from input to output of the frames of which both were heard [ns]."""
        both = self._inputs.keys() & self._outputs.keys()
        return [self._between_ns(stamp) for stamp in both]

    def _between_ns(self, stamp_ns: int) -> int:
        """Return the time from input to output; 0 where they were taken the other way round."""
        return max(0, self._outputs[stamp_ns][1] - self._inputs[stamp_ns])


class Sample(NamedTuple):
    """
    One frame to score.

    :param low: the input, (h, w) [m], NaN = unknown
    :param high: the output, (H, W) [m], NaN = unknown
    :param truth: the reference, (H, W) [m], NaN = unknown
    :param sigma: expected error of the output, (H, W) [m], where it came
    :param stamp_ns: of the output [ns]
    :param camera: of the reference, where it came
    """

    low: F32
    high: F32
    truth: F32
    sigma: F32 | None = None
    stamp_ns: int = 0
    camera: CameraModel | None = None


class Samples(Protocol):
    """Frames that are kept to be scored when the run is over."""

    def wants_next(self) -> bool:
        """Count an offer; tell whether it is to be kept, before anybody decodes it."""

    def keep(self, sample: Sample) -> None:
        """Keep a sample that was wanted."""

    def __iter__(self) -> Iterator[Sample]:
        """Yield those kept, in their order."""

    def __len__(self) -> int:
        """Return how many are kept."""

    def __getitem__(self, place: int) -> Sample:
        """Return one of those kept."""


class SpreadSamples:
    """
    Keeps at most ``capacity`` samples, spread evenly over a run of unknown length.

    When there is no room, every second one goes, and from then on so does every second offer.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._stride = 1
        self._offered = 0
        self._kept: list[Sample] = []

    def wants_next(self) -> bool:
        """Count an offer; tell whether it is to be kept, before anybody decodes it."""
        wanted = self._capacity > 0 and self._offered % self._stride == 0
        self._offered += 1
        return wanted

    def keep(self, sample: Sample) -> None:
        """Keep a sample that was wanted."""
        self._kept.append(sample)
        if len(self._kept) > self._capacity:
            del self._kept[1::2]
            self._stride *= 2

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, place: int) -> Sample:
        return self._kept[place]


@dataclass
class CameraTally:
    """
    Counts how the camera_info of the output fits.

    :param input: camera_infos that came of the input
    :param paired: output images whose camera_info came with the same stamp
    :param wrong_size: of these, those that describe an image of another size
    :param wrong_intrinsics: of these, those that differ from the truth's camera
    """

    input: int = 0
    paired: int = 0
    wrong_size: int = 0
    wrong_intrinsics: int = 0

    def add(self, camera: CameraModel, size: tuple[int, int], truth: CameraModel | None) -> None:
        """
        Note a pair.

        :param size: width and height of the image [px]
        :param truth: its camera, once known
        """
        self.paired += 1
        self.wrong_size += not camera.matches(*size)
        self.wrong_intrinsics += truth is not None and not camera.agrees(truth, _SAME)


@dataclass
class LiveRun:
    """
    Everything a listener has noted.

    :param input_size: width and height [px], None before the first image
    :param output_size: likewise
    :param running: figures of the output as it comes
    :param simulated: whether stamps are of a simulated clock
    :param unscored: frames with a reference that there was no time to look at
    :param superres: what the superres node last said of itself in /diagnostics
    """

    samples: Samples
    tally: LiveTally = field(default_factory=LiveTally)
    cameras: CameraTally = field(default_factory=CameraTally)
    input_size: tuple[int, int] | None = None
    output_size: tuple[int, int] | None = None
    superres: dict[str, str] = field(default_factory=dict)
    running: RunningFigures = field(default_factory=RunningFigures)
    simulated: bool = False
    unscored: int = 0
