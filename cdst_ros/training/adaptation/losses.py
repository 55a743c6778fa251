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
The losses of samples whose truth nobody knows.

Measured depth rules the low frequencies, colour the high ones; both losses are our own.

Images are (N, 1, H, W), depth in metres, masks 0 or 1; each loss is a mean over what counts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.training.losses import masked_mean, scaled_l1
from cdst_ros.training.transfer.hidden import hidden, reduce

_WHOLE = 1 - 1e-4


def measured_loss(
    high: Tensor, known: Tensor, measured: Tensor, valid: Tensor, sigma: Tensor
) -> Tensor:
    """
    Return by how many sigma reduced depth is beyond one sigma of measured depth, in the mean.

    A pixel counts where all of its block is known. Which pixels do is up to ``valid``: beside a
    step the mean of a block is what few sensors measure.

    :param high: the output (N, 1, sh, sw) [m]
    :param known: where it counts (N, 1, sh, sw)
    :param measured: (N, 1, h, w) [m]; does not matter where not ``valid``
    :param sigma: the sensor's noise (N, 1, h, w) [m], positive
    """
    scale = high.shape[-1] // measured.shape[-1]
    low, share = reduce(high, known, scale)
    mask = valid * (share > _WHOLE).to(valid.dtype)
    error = torch.where(mask > 0.5, low - measured, torch.zeros_like(low))
    return masked_mean((error.abs() / sigma - 1.0).clamp(min=0.0), mask)


class Lesson(NamedTuple):
    """
    What is taught.

    :param teacher: its depth [m]; gets no gradient
    :param doubt: the scale of its error, as it predicts it [m]; likewise
    :param unit: the range of measured depth around [m]: what counts as a distance of one
    :param known: where both depths are
    :param heard: where the teacher is heard
    """

    teacher: Tensor
    doubt: Tensor
    unit: Tensor
    known: Tensor
    heard: Tensor


def taught_loss(student: Tensor, lesson: Lesson, scale: int) -> Tensor:
    """
    Return how far the student is from the teacher in what low resolution can not tell.

    The teacher weighs as ``trust`` has it.
    """
    apart = hidden(student - lesson.teacher.detach(), lesson.known, scale)
    weight = trust(lesson.doubt, lesson.unit)
    return scaled_l1(apart, lesson.unit, weight, lesson.known * lesson.heard)


def trust(doubt: Tensor, unit: Tensor) -> Tensor:
    """Return the teacher's weight: 1 without doubt, and 1/2 where doubt is half of the range."""
    share = doubt.detach() / unit
    return 1.0 / (1.0 + (2.0 * share) ** 2)


def beside_no_step(steps: Tensor, scale: int) -> Tensor:
    """Return which pixels (N, 1, h, w) have no part in what ``near_steps`` found, 0 or 1."""
    return 1.0 - functional.max_pool2d(steps, scale)
