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
"""A frame that nothing has learned from, and how methods enlarge one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.reader import RecordedFrame
from cdst_ros.superres.engine import Engine
from cdst_ros.superres.frame import Settings, SuperResolution

#: Takes a depth image (H, W) [m], NaN = unknown, and colour (sH, sW, 3) or None; gives depth
#: (sH, sW) [m] as the node publishes it, NaN = unknown.
Enlarge = Callable[[F32, U8 | None], F32]


@dataclass(frozen=True, eq=False)
class HeldFrame:
    """
    What a sensor measured, held back from training.

    :param sequence: frames of one sequence follow each other
    :param depth: (H, W) [m], NaN = unknown
    :param rgb: (sH, sW, 3), registered to the output, where there is some
    :param camera: of ``depth``, where known
    :param pose: camera to world, (4, 4), where known
    """

    sequence: str
    depth: F32
    rgb: U8 | None = None
    camera: CameraModel | None = None
    pose: F64 | None = None


def enlarger(engine: Engine, settings: Settings | None = None) -> Enlarge:
    """Return how an engine, which stays the caller's, enlarges frames in the node."""
    run = SuperResolution(engine, settings)

    def enlarge(depth: F32, rgb: U8 | None) -> F32:
        out: F32 = run(depth, rgb if engine.info.guided else None).depth.copy()
        return out

    return enlarge


class HeldFrames(Sequence[HeldFrame]):
    """
    Recorded frames, each decoded when it is asked for, without colour, which has to be registered.

    A camera that is not that of the image is left out. Asking raises ``RecordingError`` when an
    image is missing or damaged.
    """

    def __init__(self, frames: Sequence[RecordedFrame]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> HeldFrame: ...

    @overload
    def __getitem__(self, index: slice) -> list[HeldFrame]: ...

    def __getitem__(self, index: int | slice) -> HeldFrame | list[HeldFrame]:
        if isinstance(index, slice):
            return [_held(frame) for frame in self._frames[index]]
        return _held(self._frames[index])


def _held(frame: RecordedFrame) -> HeldFrame:
    depth, camera = frame.depth(), frame.camera()
    fits = camera is not None and camera.matches(*depth.shape[::-1])
    sequence = f'sequence {frame.sequence}'
    return HeldFrame(sequence, depth, None, camera if fits else None, frame.pose)
