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
"""Errors of 8-bit disparity, as in the tables of depth super-resolution papers."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F64, AnyArray


def mad(prediction: AnyArray, truth: AnyArray) -> float:
    """
    Return the mean absolute difference, mean |D - D*| [grey levels], over the whole image.

    The MAD of Middlebury super-resolution tables (Hui, Loy, Tang, ECCV 2016, and since).
    """
    return float(np.mean(np.abs(_differences(prediction, truth))))


def rmse(prediction: AnyArray, truth: AnyArray) -> float:
    """Return the root of the mean squared difference [grey levels], over the whole image."""
    return float(np.sqrt(np.mean(np.square(_differences(prediction, truth)))))


def _differences(prediction: AnyArray, truth: AnyArray) -> F64:
    if prediction.shape != truth.shape:
        raise ValueError(
            f'the output is {prediction.shape}, the truth {truth.shape}: they cannot be compared'
        )
    return prediction.astype(np.float64) - truth.astype(np.float64)
