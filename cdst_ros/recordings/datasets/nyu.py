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
"""
NYU Depth V2 as it is downloaded: ``nyu_depth_v2_labeled.mat``, 1449 pairs of 640x480.

The file is HDF5 (MATLAB 7.3), whose axes h5py gives in reverse: ``depths`` is (pairs, 640, 480)
float32 metres, hole-filled, registered to ``images``, (pairs, 3, 640, 480) uint8 RGB. See
https://cs.nyu.edu/~silberman/datasets/nyu_depth_v2.html (Silberman et al., ECCV 2012).

**Split.** Depth super-resolution trains on the first 1000 pairs and tests on the last 449 (Li et
al., Deep Joint Image Filtering, ECCV 2016, and those after it), which is not the split of
segmentation (795 and 654).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.recordings.errors import RecordingError

FILE_NAME = 'nyu_depth_v2_labeled.mat'
#: Pairs that networks are trained on; those after them are the test.
TRAINING_PAIRS = 1000


class NyuPair(NamedTuple):
    """Depth (H, W) [m], NaN = unknown, and the picture (H, W, 3) RGB that it is registered to."""

    number: int
    depth: F32
    color: U8


class NyuDepth:
    """
    The pairs of the labelled file; each is read when it is asked for.

    Use as a context manager, or close it.
    """

    def __init__(self, path: Path) -> None:
        """
        Open the file, or the one of its published name in a folder.

        :raises RecordingError: when h5py is missing, or it cannot be read or is of another layout
        """
        self.path = path / FILE_NAME if path.is_dir() else path
        try:
            import h5py
        except ImportError as error:
            raise RecordingError(
                f'{self.path.name} is HDF5: install h5py to read it (pip install h5py, or '
                '"cdst_ros[datasets]")'
            ) from error
        if not self.path.exists():
            raise RecordingError(f'{self.path} does not exist: give {FILE_NAME} or its folder')
        try:
            self._file: Any = h5py.File(self.path, 'r')
        except OSError as error:
            raise RecordingError(f'{self.path} is no HDF5 file: {error}') from error
        try:
            self._depths, self._images = self._datasets()
        except RecordingError:
            self.close()
            raise

    @property
    def training(self) -> Sequence[int]:
        """Indices of the pairs to train on."""
        return range(min(TRAINING_PAIRS, len(self)))

    @property
    def test(self) -> Sequence[int]:
        """Indices of the pairs to test on."""
        return range(TRAINING_PAIRS, len(self))

    def __len__(self) -> int:
        """Return the number of pairs."""
        return int(self._depths.shape[0])

    def __getitem__(self, index: int) -> NyuPair:
        """
        Read a pair.

        :raises RecordingError: when it is damaged
        """
        try:
            depth = np.array(self._depths[index], dtype=np.float32).T
            color = np.array(self._images[index], dtype=np.uint8).transpose(2, 1, 0)
        except OSError as error:
            raise RecordingError(f'{self.path}, pair {index}: {error}') from error
        known = np.isfinite(depth) & (depth > 0)
        depth = np.where(known, depth, np.float32(np.nan))
        return NyuPair(index, np.ascontiguousarray(depth), np.ascontiguousarray(color))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> NyuDepth:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _datasets(self) -> tuple[Any, Any]:
        found = [self._file.get(name) for name in ('depths', 'images')]
        shapes = [getattr(one, 'shape', None) for one in found]
        depths, images = shapes
        fits = (
            depths is not None
            and images is not None
            and len(depths) == 3
            and tuple(images) == (depths[0], 3, *depths[1:])
        )
        if not fits:
            raise RecordingError(
                f'{self.path} is not laid out as {FILE_NAME}: depths is {depths}, images is '
                f'{images}; expected (pairs, width, height) and (pairs, 3, width, height)'
            )
        return found[0], found[1]
