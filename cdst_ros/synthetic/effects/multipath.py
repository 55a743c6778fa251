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
"""Multipath: light that reaches a time-of-flight pixel by way of another surface."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.synthetic.effects.edges import beside_edges

_Places = NDArray[np.int64]

_LIGHT = 299_792_458.0
#: Patches that the scene is parted into where it reflects (nine times as many change the bias of
#: a corner by 2 %), and pixels where light arrives.
_PATCHES = 256
_RECEIVERS = 20_000
_CHUNK = 4096
#: Surfaces this close to the same plane do not light each other: rounding would.
_FLAT = 2e-3


@dataclass(frozen=True)
class TimeOfFlight:
    """
    A camera that modulates its light and measures the phase of what comes back.

    Its pixels mix the surfaces that they see by the light that each sends back.

    :param modulation_hz: of the light
    :param reflectance: of all surfaces, for light that comes by way of two of them; 0 for none
    """

    modulation_hz: float
    reflectance: float = 0.0

    def __post_init__(self) -> None:
        if not (self.modulation_hz > 0 and 0 <= self.reflectance <= 1):
            raise ValueError(
                'time of flight needs a positive modulation_hz and a reflectance of 0 to 1, '
                f'got {self}'
            )


def multipath(depth: F32, focal: float, sensor: TimeOfFlight) -> F32:
    """
    Return by how much depth is measured too far for light that took one bounce, (h, w) [m].

    Every patch that the camera lights and sees reflects to every other, both Lambertian, and what
    arrives adds to the direct light as a phasor with the phase of its longer way: the model of
    Jimenez, Pizarro, Mazo and Palazuelos, "Modeling and correction of multipath interference in
    time of flight cameras", Image and Vision Computing 32(1), 2014, with one reflectance for all
    surfaces, one bounce, and nothing that stands between two patches. The walls of a corner recede
    beside where they meet; light from so far that its phase comes round to the other side brings
    them nearer. Planes and convex edges keep their place.

    :param depth: [m], NaN = unknown, (h, w); the optical axis is in its middle
    :param focal: [px]
    """
    height, width = depth.shape
    if min(height, width) < 3:
        return np.zeros_like(depth)
    seen = _Surfaces.of(depth, focal)
    known = seen.known
    cell = math.ceil(math.sqrt(height * width / _PATCHES))
    stride = math.ceil(math.sqrt(height * width / _RECEIVERS))
    picked = np.zeros_like(known)
    picked[cell // 2 :: cell, cell // 2 :: cell] = True
    senders = np.flatnonzero(picked & known)
    here = np.zeros_like(known)
    here[::stride, ::stride] = True
    receivers = np.flatnonzero(here & known)
    bias = np.zeros(depth.size, dtype=np.float32)
    # the light that falls on a patch is the solid angle that the camera sees it under
    flux = sensor.reflectance * cell**2 / (focal**2 * seen.rays[senders] ** 3)
    for start in range(0, receivers.size if senders.size else 0, _CHUNK):
        part = receivers[start : start + _CHUNK]
        bias[part] = _delay(seen, flux, senders, part, sensor) / seen.rays[part]
    out = _spread(bias.reshape(depth.shape)[::stride, ::stride], known[::stride, ::stride])
    if stride > 1:
        out = np.asarray(cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR))
    out[~np.isfinite(depth)] = 0
    return out


@dataclass(frozen=True, eq=False)
class _Surfaces:
    """
    What the camera sees, as points with normals, where they are ``known``, (h, w).

    :param rays: lengths of the rays that are 1 along Z, (N,)
    :param points: in the camera's axes [m], (N, 3)
    :param normals: towards the camera, (N, 3)
    """

    known: Bool
    rays: F32
    points: F32
    normals: F32

    @classmethod
    def of(cls, depth: F32, focal: float) -> _Surfaces:
        height, width = depth.shape
        x = (np.arange(width, dtype=np.float32) - (width - 1) / 2) / focal
        y = (np.arange(height, dtype=np.float32)[:, None] - (height - 1) / 2) / focal
        rays = np.stack(np.broadcast_arrays(x, y, np.float32(1)), axis=-1).astype(np.float32)
        points = rays * depth[..., None]
        normals = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
        with np.errstate(invalid='ignore', divide='ignore'):
            normals = normals / np.linalg.norm(normals, axis=-1, keepdims=True)
        normals *= -np.sign(np.sum(normals * rays, axis=-1, keepdims=True))
        known = np.isfinite(depth) & ~beside_edges(depth) & np.isfinite(normals).all(axis=-1)
        return cls(
            known,
            np.linalg.norm(rays, axis=-1).ravel(),
            points.reshape(-1, 3),
            normals.reshape(-1, 3).astype(np.float32),
        )


def _delay(
    seen: _Surfaces, flux: F32, senders: _Places, receivers: _Places, sensor: TimeOfFlight
) -> F32:
    """Return how much farther each receiver seems, along its ray [m]."""
    to, start = seen.points[receivers], seen.points[senders]
    n_to, n_start = seen.normals[receivers], seen.normals[senders]
    distance2 = np.sum(to**2, axis=1)[:, None] + np.sum(start**2, axis=1) - 2 * to @ start.T
    distance2 = np.maximum(distance2, np.float32(1e-6))
    between = np.sqrt(distance2)
    # cosines at both ends, of the way between the two
    out = (to @ n_start.T - np.sum(start * n_start, axis=1)) / between
    into = (n_to @ start.T - np.sum(to * n_to, axis=1)[:, None]) / between
    out, into = (np.where(cosine > _FLAT, cosine, np.float32(0)) for cosine in (out, into))
    far_to, far_start = np.linalg.norm(to, axis=1), np.linalg.norm(start, axis=1)
    direct = np.maximum(-np.sum(to * n_to, axis=1) / far_to, np.float32(0.05)) / far_to**2
    # a patch next to the receiver is not a point: as large as its light is, at its distance
    size = flux / max(sensor.reflectance, 1e-6) * far_start**2
    share = flux * out * into / (math.pi * distance2 + size) / direct[:, None]
    turn = 4 * math.pi * sensor.modulation_hz / _LIGHT
    phase = turn * np.maximum(far_start + between - far_to[:, None], 0) / 2
    delayed = np.arctan2(
        np.sum(share * np.sin(phase), axis=1), 1 + np.sum(share * np.cos(phase), axis=1)
    )
    return np.asarray(delayed / turn, dtype=np.float32)


def _spread(values: F32, known: Bool) -> F32:
    """Return values with those of unknown pixels taken from known neighbours, 0 without any."""
    count = cv2.blur(known.astype(np.float32), (3, 3), borderType=cv2.BORDER_CONSTANT)
    total = cv2.blur(np.where(known, values, 0), (3, 3), borderType=cv2.BORDER_CONSTANT)
    filled = np.where(count > 0, total / np.maximum(count, 1e-6), 0)
    return np.where(known, values, filled).astype(np.float32)
