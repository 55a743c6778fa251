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
"""Where an output errs, as images: signed in metres, and in colours for people."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.colours import UNKNOWN

#: Blue (too near), white (right), red (too far), in OpenCV's order.
_ENDS = ((172, 102, 33), (247, 247, 247), (43, 24, 178))


def signed_error(output: F32, reference: F32) -> F32:
    """
    Return output minus reference, (H, W) [m]: negative is too near, NaN where one is unknown.

    :raises ValueError: when their sizes differ
    """
    if output.shape != reference.shape:
        raise ValueError(
            f'the output is {_size(output)} and the reference {_size(reference)}: they have to be '
            'of one size'
        )
    return np.subtract(output, reference, dtype=np.float32)


def paint_error(error: F32, span: float) -> U8:
    """
    Return an error image in colours, (H, W, 3) BGR.

    Blue is too near, red too far, white right; unknown is grey.

    :param error: (H, W) [m], NaN = unknown
    :param span: the error of the strongest colours [m]; greater ones have the same
    """
    known = np.isfinite(error)
    level = 127.5 + 127.5 * np.clip(np.nan_to_num(error) / span, -1, 1)
    painted: U8 = np.array(cv2.applyColorMap(np.rint(level).astype(np.uint8), _colour_map()))
    painted[~known] = UNKNOWN
    return painted


def _colour_map() -> U8:
    """Return (256, 1, 3) BGR."""
    share = np.linspace(-1, 1, 256)[:, None]
    near, right, far = np.array(_ENDS, dtype=np.float64)
    end = np.where(share < 0, near, far)
    mixed = right + (end - right) * np.abs(share)
    return np.asarray(np.rint(mixed)[:, None], dtype=np.uint8)


def _size(depth: F32) -> str:
    return f'{depth.shape[1]}x{depth.shape[0]}'
