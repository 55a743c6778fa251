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
"""Keeps every frame of a live run until it is scored: on disk, so that memory stays bounded."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.live import Sample

#: Fast: a frame has to be gone before the next one comes.
_LEVEL = 1


class _Kept(NamedTuple):
    """What stays in memory of a sample."""

    has_sigma: bool
    stamp_ns: int
    camera: CameraModel | None
    low_size: tuple[int, ...]
    high_size: tuple[int, ...]


class SpooledSamples:
    """
    Keeps every sample, exactly, in a temporary folder that goes with this object.

    :param folder: where to make it; None takes the system's place for temporary files
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix='cdst_ros_', dir=folder)
        self._kept: list[_Kept] = []

    def wants_next(self) -> bool:
        """Every sample is wanted."""
        return True

    def keep(self, sample: Sample) -> None:
        """
        Write a sample.

        :raises OSError: when there is no room for it
        """
        number = len(self._kept)
        self._write(number, 'low', sample.low)
        self._write(number, 'high', sample.high)
        self._write(number, 'truth', sample.truth)
        if sample.sigma is not None:
            self._write(number, 'sigma', sample.sigma)
        kept = _Kept(
            has_sigma=sample.sigma is not None,
            stamp_ns=sample.stamp_ns,
            camera=sample.camera,
            low_size=sample.low.shape,
            high_size=sample.high.shape,
        )
        self._kept.append(kept)

    def __iter__(self) -> Iterator[Sample]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, place: int) -> Sample:
        kept = self._kept[place]
        size = kept.high_size
        return Sample(
            low=self._read(place, 'low', kept.low_size),
            high=self._read(place, 'high', size),
            truth=self._read(place, 'truth', size),
            sigma=self._read(place, 'sigma', size) if kept.has_sigma else None,
            stamp_ns=kept.stamp_ns,
            camera=kept.camera,
        )

    def __len__(self) -> int:
        return len(self._kept)

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def _file(self, number: int, name: str) -> Path:
        return Path(self._folder.name) / f'{number:06d}.{name}'

    def _write(self, number: int, name: str, image: F32) -> None:
        data = np.ascontiguousarray(image, dtype=np.float32).tobytes()
        self._file(number, name).write_bytes(zlib.compress(data, _LEVEL))

    def _read(self, number: int, name: str, size: tuple[int, ...]) -> F32:
        data = zlib.decompress(self._file(number, name).read_bytes())
        return np.frombuffer(data, np.float32).reshape(size)
