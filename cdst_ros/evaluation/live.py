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

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel

#: The intrinsics of output and truth may differ by this share.
_SAME = 1e-6


class LiveTally:
    """
    Counts frames and latencies by stamp; adding one costs microseconds.

    A frame counts once, however often its message comes.
    """

    def __init__(self) -> None:
        self._inputs: set[int] = set()
        self._outputs: dict[int, tuple[int, int]] = {}

    def add_input(self, stamp_ns: int) -> None:
        """Note an input frame."""
        self._inputs.add(stamp_ns)

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
        return len(self._inputs | self._outputs.keys())

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

    def latency_ms(self) -> dict[str, float] | None:
        """Return p50, p99 and max of the time from stamp to receipt [ms], None without a frame."""
        if not self._outputs:
            return None
        latencies = np.array([latency for latency, _ in self._outputs.values()]) * 1e-6
        p50, p99 = np.percentile(latencies, (50, 99))
        return {'p50': float(p50), 'p99': float(p99), 'max': float(latencies.max())}


class Sample(NamedTuple):
    """One frame to score: input (h, w), output and truth (H, W) [m], NaN = unknown."""

    low: F32
    high: F32
    truth: F32


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
    :param superres: what the superres node last said of itself in /diagnostics
    """

    samples: SpreadSamples
    tally: LiveTally = field(default_factory=LiveTally)
    cameras: CameraTally = field(default_factory=CameraTally)
    input_size: tuple[int, int] | None = None
    output_size: tuple[int, int] | None = None
    superres: dict[str, str] = field(default_factory=dict)
