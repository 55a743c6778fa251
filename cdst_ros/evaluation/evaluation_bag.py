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
"""What an evaluation saw, as a bag to look at: input, reference and enlarged depth."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.evaluation.sources import BagSource, Source, SourceFrame
from cdst_ros.recordings.bag_stream import STORAGES
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.transforms import STATIC_TOPIC

#: The frame that depth without one is given: viewers need a name.
_UNNAMED = 'depth_optical_frame'


class EvaluationBag:
    """
    A bag of ``/depth``, ``/reference``, ``/depth_hr`` and ``/depth_hr/MODEL``.

    Each has ``image_raw`` and, where cameras are known, ``camera_info``, with the stamp and frame
    of the input. Of several scales each has a namespace of its own, ``/x2``. Use as a context
    manager: leaving it finishes the bag.
    """

    def __init__(self, folder: Path, source: Source, *, storage: str, scales: int) -> None:
        """
        Start the bag.

        :param folder: rosbag2 folder to make
        :param source: that is evaluated; its /tf_static is copied
        :param storage: ``.mcap`` or ``.db3``
        :param scales: how many there are
        """
        self._writer = BagWriter(folder, storage)
        self._source = source
        self._scales = scales

    def __enter__(self) -> EvaluationBag:
        self._writer.__enter__()
        if isinstance(self._source, BagSource):
            stream = self._source.reader.stream
            if STATIC_TOPIC in stream.topics:
                for raw in stream.messages([STATIC_TOPIC]):
                    self._writer.copy(raw)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def add(self, frame: SourceFrame, view: View, scale: int, outputs: dict[str, F32]) -> None:
        """
        Write a frame.

        :param outputs: by model, enlarged depth (sH, sW) [m]; the first is ``/depth_hr`` too
        """
        space = f'/x{scale}' if self._scales > 1 else ''
        low_camera = None
        if view.camera is not None:
            low_camera = view.camera.scaled(1 / scale, GridAlignment.HALF_PIXEL)
        self._write(f'{space}/depth', frame, view.low, low_camera)
        self._write(f'{space}/reference', frame, view.reference, view.camera)
        for place, (name, depth) in enumerate(outputs.items()):
            if not place:
                self._write(f'{space}/depth_hr', frame, depth, view.camera)
            if len(outputs) > 1:
                self._write(f'{space}/depth_hr/{_word(name)}', frame, depth, view.camera)

    def _write(
        self, topic: str, frame: SourceFrame, depth: F32, camera: CameraModel | None
    ) -> None:
        stamp, log_time_ns = frame.stamp_ns, frame.log_time_ns or frame.stamp_ns
        frame_id = frame.frame_id or _UNNAMED
        self._writer.write_depth(
            f'{topic}/image_raw',
            depth,
            stamp,
            frame_id,
            encoding=frame.encoding,
            log_time_ns=log_time_ns,
        )
        if camera is not None:
            info = f'{topic}/camera_info'
            self._writer.write_camera(info, camera, stamp, frame_id, log_time_ns=log_time_ns)


def storage_of(path: Path) -> str:
    """
    Return the storage of a bag by its name.

    :raises EvaluationError: when the name does not say
    """
    if path.suffix not in STORAGES:
        raise EvaluationError(
            f'{path}: name the bag {path.stem}{STORAGES[0]} or {path.stem}{STORAGES[1]}'
        )
    return path.suffix


def _word(name: str) -> str:
    """Return a model's name as part of a topic's."""
    word = re.sub(r'\W', '_', Path(name).stem)
    return f'm_{word}' if word[:1].isdigit() else word
