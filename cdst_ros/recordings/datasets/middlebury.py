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
The Middlebury stereo data sets as they are downloaded.

A folder a scene, with a disparity map of the reference view and that view's picture:

======= ============================== ==================== ===========================
year    disparity                      picture              unknown
======= ============================== ==================== ===========================
2001    disp2.pgm                      im2.ppm              0
2003    disp2.pgm, disp2.png           im2.ppm, im2.png     0
2005    disp1.png                      view1.png            0
2006    disp1.png                      view1.png            0
2014    disp0.pfm                      im0.png              infinity
======= ============================== ==================== ===========================

Maps are of 8 bits up to 2006, in float32 pixels in 2014. 8-bit maps of reduced size hold the
disparity of their own size times a factor (2003 quarter size: 4, half: 2; 2005 and 2006 hold that
of the full size at every size; 2001: 8); values are read as they are. See
https://vision.middlebury.edu/stereo/data/ (Scharstein and Szeliski 2002 and 2003, Scharstein and
Pal 2007, Hirschmueller and Scharstein 2007, Scharstein et al. 2014).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.recordings.datasets.pfm import read_pfm
from cdst_ros.recordings.errors import RecordingError

#: Name of a disparity map, with the names that its picture may have.
LAYOUTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ('disp0.pfm', ('im0.png',)),
    ('disp1.png', ('view1.png',)),
    ('disp2.png', ('im2.png', 'im2.ppm')),
    ('disp2.pgm', ('im2.ppm', 'im2.png')),
)


@dataclass(frozen=True)
class MiddleburyScene:
    """
    One scene; its images are read when they are asked for.

    :param name: folder, below the one that was searched
    :param disparity_file: of the reference view
    :param color_file: of the same view, where it is there
    """

    name: str
    disparity_file: Path
    color_file: Path | None = None

    @property
    def eight_bits(self) -> bool:
        """Whether disparity is whole, up to 255."""
        return self.disparity_file.suffix != '.pfm'

    def disparity(self) -> F32:
        """
        Return the disparity as published, (H, W), NaN = unknown.

        :raises RecordingError: when the file cannot be read or holds something else
        """
        if not self.eight_bits:
            values = read_pfm(self.disparity_file)
            return np.asarray(np.where(np.isfinite(values), values, np.nan), dtype=np.float32)
        image = cv2.imread(str(self.disparity_file), cv2.IMREAD_UNCHANGED)
        if image is not None and image.ndim == 3 and (image == image[..., :1]).all():
            image = image[..., 0]  # grey that was saved as colour
        if image is None or image.dtype != np.uint8 or image.ndim != 2:
            raise RecordingError(f'{self.disparity_file} is no 8-bit grey image')
        return np.asarray(np.where(image > 0, image, np.nan), dtype=np.float32)

    def color(self) -> U8 | None:
        """
        Return the picture, (H, W, 3) RGB, where there is one.

        :raises RecordingError: when it cannot be read
        """
        if self.color_file is None:
            return None
        image = cv2.imread(str(self.color_file), cv2.IMREAD_COLOR)
        if image is None:
            raise RecordingError(f'{self.color_file} is no image that can be read')
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def find_scenes(folder: Path) -> list[MiddleburyScene]:
    """
    Return the scenes in a folder and below it, by name.

    :raises RecordingError: when there is none
    """
    scenes = sorted(_scenes(folder), key=lambda scene: scene.name)
    if not scenes:
        known = ', '.join(name for name, _ in LAYOUTS)
        raise RecordingError(
            f'{folder} holds no Middlebury scene: a scene is a folder with one of {known}, as '
            'downloaded from vision.middlebury.edu/stereo/data'
        )
    return scenes


def _scenes(folder: Path) -> Iterator[MiddleburyScene]:
    taken: set[Path] = set()
    for disparity, pictures in LAYOUTS:
        for file in sorted(folder.rglob(disparity)):
            if file.parent in taken:
                continue
            taken.add(file.parent)
            color = next((file.with_name(p) for p in pictures if file.with_name(p).exists()), None)
            name = file.parent.relative_to(folder).as_posix()
            yield MiddleburyScene(folder.name if name == '.' else name, file, color)
