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
Blur of pictures, as they are and smeared by a motion, as the trainer's gate measures it.

Tells what ``max_blur`` lets through::

    python benchmarks/blur.py DATA/redkitchen DATA/tartanair
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from report import publish

from cdst_ros.recordings.collecting.gates import BLUR_WIDTH, blur

#: Lengths of the motion [px of an image as wide as the gate judges it].
_SMEARED = (1, 3, 5, 7, 11, 15)
_PERCENTILES = (2, 50, 98)


def main() -> None:
    """Measure, and print a row a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('folders', nargs='+', type=Path, help='with JPEG or PNG colour images')
    parser.add_argument('--most', type=int, default=40, help='pictures of each folder')
    args = parser.parse_args()
    rows = []
    for folder in args.folders:
        files = [f for f in sorted(folder.glob('*rgb*')) if f.suffix in ('.jpg', '.png')]
        pictures = [_picture(f) for f in files[:: max(1, len(files) // args.most)]]
        measured = np.array([[blur(_smear(p, n)) for n in _SMEARED] for p in pictures])
        shares = np.percentile(measured, _PERCENTILES, axis=0)
        cells = [' / '.join(f'{value:.2f}' for value in column) for column in shares.T]
        rows.append([folder.name, len(pictures), *cells])
    publish(
        f'Blur of pictures {BLUR_WIDTH} pixels wide, smeared by a motion',
        ['pictures', 'how many', *('as they are' if n == 1 else f'{n} px' for n in _SMEARED)],
        rows,
        f'Percentiles {", ".join(map(str, _PERCENTILES))} of the pictures.',
    )


def _picture(file: Path) -> np.ndarray:
    grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if grey.shape[1] > BLUR_WIDTH:
        height = round(grey.shape[0] * BLUR_WIDTH / grey.shape[1])
        grey = cv2.resize(grey, (BLUR_WIDTH, height), interpolation=cv2.INTER_AREA)
    return grey


def _smear(picture: np.ndarray, pixels: int) -> np.ndarray:
    return cv2.blur(picture, (pixels, 1))


if __name__ == '__main__':
    main()
