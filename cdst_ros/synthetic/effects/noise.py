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
"""Gaussian noise with correlation in space and time."""

from __future__ import annotations

import math

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> F32:
    """Return Gaussian noise of standard deviation 1, smoothed over ``sigma`` pixels."""
    if sigma <= 0:
        return rng.standard_normal(shape, dtype=np.float32)
    reach = math.ceil(3 * sigma)
    white = rng.standard_normal((shape[0] + 2 * reach, shape[1] + 2 * reach), dtype=np.float32)
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma, cv2.CV_32F)
    # smoothing by a separable kernel divides the deviation by the square root of its energy
    kernel = kernel / np.linalg.norm(kernel)
    smooth = cv2.sepFilter2D(white, cv2.CV_32F, kernel, kernel)
    return np.ascontiguousarray(smooth[reach : reach + shape[0], reach : reach + shape[1]])


def partly_persistent(fresh: F32, pattern: F32, persistence: float) -> F32:
    """
    Return noise of standard deviation 1 of which a share of the variance stays between frames.

    Averaging frames of a resting camera does not remove that share: a fixed pattern of the pixels
    (Foix, Alenya and Torras, IEEE Sensors Journal 11(9), 2011, "built-in pixel-related errors"),
    or, in stereo, the texture that is matched. That it stays with the pixel is our choice.

    :param fresh: of this frame, standard deviation 1, (h, w)
    :param pattern: of this camera, likewise
    :param persistence: share of the variance, 0 to 1
    """
    return np.asarray(
        math.sqrt(1 - persistence) * fresh + math.sqrt(persistence) * pattern, dtype=np.float32
    )
