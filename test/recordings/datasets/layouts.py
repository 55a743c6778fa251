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
"""Small files of the published layouts, made to order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cdst_ros.recordings.datasets.pfm import write_pfm


def disparity(seed: int, height: int = 96, width: int = 128) -> np.ndarray:
    """Return 8-bit disparity: boxes on a slope, without holes."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width), 60.0)
    for _ in range(6):
        y, x = rng.integers(0, height - 20), rng.integers(0, width - 20)
        image[y : y + rng.integers(8, 40), x : x + rng.integers(8, 40)] = rng.integers(70, 250)
    return (image + np.linspace(0, 5, width)).astype(np.uint8)


def picture(image: np.ndarray) -> np.ndarray:
    """Return a colour image (H, W, 3) BGR that goes with a map."""
    return cv2.applyColorMap(image, cv2.COLORMAP_JET)


def write_2006(folder: Path, image: np.ndarray) -> None:
    """Write a scene as 2005 and 2006 have it."""
    folder.mkdir(parents=True)
    for name in ('disp1.png', 'disp5.png'):
        cv2.imwrite(str(folder / name), image)
    for name in ('view1.png', 'view5.png'):
        cv2.imwrite(str(folder / name), picture(image))
    (folder / 'dmin.txt').write_text('30\n')


def write_2003(folder: Path, image: np.ndarray, suffix: str = '.png') -> None:
    """Write a scene as 2001 (.pgm) and 2003 have it."""
    folder.mkdir(parents=True)
    for view in (2, 6):
        cv2.imwrite(str(folder / f'disp{view}{suffix}'), image)
        cv2.imwrite(str(folder / f'im{view}.ppm'), picture(image))


def write_2014(folder: Path, image: np.ndarray) -> None:
    """Write a scene as 2014 has it; unknown pixels of ``image`` are NaN."""
    folder.mkdir(parents=True)
    values = np.where(np.isfinite(image), image, np.inf).astype(np.float32)
    for view in (0, 1):
        write_pfm(folder / f'disp{view}.pfm', values)
        cv2.imwrite(str(folder / f'im{view}.png'), picture(np.nan_to_num(image).astype(np.uint8)))
    (folder / 'calib.txt').write_text('cam0=[100 0 60; 0 100 40; 0 0 1]\ndoffs=10\n')


def write_nyu(path: Path, pairs: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Write a file laid out as nyu_depth_v2_labeled.mat; return the depths (pairs, H, W) [m]."""
    import h5py

    across = np.linspace(0, 1, width, dtype=np.float32)
    depths = 2.0 + across[None, None] + np.arange(pairs, dtype=np.float32)[:, None, None] / 1000
    depths = np.ascontiguousarray(np.broadcast_to(depths, (pairs, height, width)))
    depths[:, 10:20, 15:30] = 1.2
    images = np.zeros((pairs, 3, width, height), np.uint8)
    images[:, 0] = (255 * across).astype(np.uint8)[None, :, None]
    images[:, 2, 15:30, 10:20] = 200
    with h5py.File(path, 'w') as file:
        file['depths'] = depths.transpose(0, 2, 1)
        file['images'] = images
    return depths


def write_pairs(folder: Path, scale: int = 2, pairs: int = 3, color: bool = True) -> None:
    """Write a folder of pairs."""
    for part in ('low', 'reference', 'rgb'):
        (folder / part).mkdir(parents=True)
    for k in range(pairs):
        high = np.full((24 * scale, 32 * scale), 2000 + 10 * k, np.uint16)
        high[8:20, 10:30] = 1000
        high[:2, :2] = 0
        low = cv2.resize(high, (32, 24), interpolation=cv2.INTER_NEAREST)
        cv2.imwrite(str(folder / 'low' / f'{k}.png'), low)
        cv2.imwrite(str(folder / 'reference' / f'{k}.png'), high)
        if color:
            painted = picture((high // 10).astype(np.uint8))
            cv2.imwrite(str(folder / 'rgb' / f'{k}.jpg'), painted)
    (folder / 'K.txt').write_text('60 0 32\n0 60 24\n0 0 1\n')
