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
The structure map: where high-resolution depth has edges.

What the labels of paper A are is not known; Canny edges of the depth (threshold 0.08), dilated by
a disk of 2 px, are those of the same group's other work.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.training.losses import masked_mean

THRESHOLD = 0.08
RADIUS = 2
_LOW_SHARE = 0.4
_BLUR = 2**0.5
# Of the depth a pixel: a slope below it is no edge, however flat all else is.
_LEAST_SLOPE = 0.005
# OpenCV's Canny takes gradients in whole numbers.
_FINE = 8192.0


def structure_labels(truth: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """
    Return the labels (0 or 1) and where they count (0 or 1), each (N, 1, H, W).

    An edge beside a hole is unknown, so what lies within reach of one does not count.

    :param truth: (N, 1, H, W) [m]; does not matter where the mask is 0
    :param mask: (N, 1, H, W), 0 or 1
    """
    images = (truth * mask).detach().cpu().float().numpy()[:, 0]
    known = mask.detach().cpu().numpy()[:, 0] > 0.5
    away = [_away_from_holes(there) for there in known]
    edges = [_edges(*image) for image in zip(images, known, away, strict=True)]
    labels, counts = (
        np.stack(found) if found else np.zeros(images.shape, np.uint8) for found in (edges, away)
    )
    return (
        torch.from_numpy(labels)[:, None].to(truth.device, truth.dtype),
        torch.from_numpy(counts)[:, None].to(mask.device, mask.dtype),
    )


def depth_edges(depth: F32, known: Bool) -> U8:
    """
    Return 1 within ``RADIUS`` of a Canny edge of depth (H, W), else 0.

    Gradients are of the depth smoothed by sqrt(2) px, relative to the image's largest away from
    holes; the lower threshold is 0.4 of the upper one, as in MATLAB's ``edge(depth, 'canny',
    0.08)``. Within ``2 * RADIUS`` of a hole, edges may be those of what fills it.

    :param depth: [m], anything finite where not ``known``
    """
    return _edges(depth, known, _away_from_holes(known))


def _away_from_holes(known: Bool) -> Bool:
    """Return where nothing within ``2 * RADIUS`` is unknown (H, W); beyond borders is no hole."""
    side = 4 * RADIUS + 1
    square = np.ones((side, side), np.uint8)
    border = {'borderType': cv2.BORDER_CONSTANT, 'borderValue': 1}
    return np.asarray(cv2.erode(known.astype(np.uint8), square, **border) > 0)


def _edges(depth: F32, known: Bool, away: Bool) -> U8:
    if not known.any():
        return np.zeros(depth.shape, np.uint8)
    filled = np.where(known, depth, depth[known].mean()).astype(np.float32)
    smooth = cv2.GaussianBlur(filled, None, _BLUR, borderType=cv2.BORDER_REPLICATE)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    largest = float(np.hypot(across, down).max(initial=0.0, where=away))
    least = _LEAST_SLOPE * float(np.abs(depth[known]).mean())
    unit = max(largest, least / THRESHOLD)
    if not unit > 0:
        return np.zeros(depth.shape, np.uint8)
    # What fills a hole may be steeper than all else: cut short of what int16 holds.
    steepest = 2 * _FINE
    dx, dy = (
        np.rint(np.clip(part * (_FINE / unit), -steepest, steepest)).astype(np.int16)
        for part in (across, down)
    )
    upper = THRESHOLD * _FINE
    edges = cv2.Canny(dx, dy, _LOW_SHARE * upper, upper, L2gradient=True)
    side = 2 * RADIUS + 1
    disk = np.hypot(*np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]) <= RADIUS
    kernel = disk.reshape(side, side).astype(np.uint8)
    return np.asarray(cv2.dilate(edges, kernel) > 0).astype(np.uint8)


def balanced_cross_entropy(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """
    Return the mean cross-entropy (scalar), edges and the rest weighing the same in every sample.

    Xie and Tu, Holistically-Nested Edge Detection, ICCV 2015: an edge pixel weighs the share of
    the others, and the others the share of edges. A sample of one kind alone weighs nothing.

    :param logits: (N, 1, H, W)
    :param labels: (N, 1, H, W), 0 or 1
    :param mask: (N, 1, H, W), 0 or 1
    """
    places = (1, 2, 3)
    count = mask.sum(places, keepdim=True).clamp(min=1.0)
    edges = (labels * mask).sum(places, keepdim=True) / count
    weight = torch.where(labels > 0.5, 1 - edges, edges)
    entropy = functional.binary_cross_entropy_with_logits(logits, labels, reduction='none')
    return masked_mean(weight * entropy, mask)
