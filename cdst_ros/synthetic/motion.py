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
"""A camera's smooth way through a room."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import View, cast
from cdst_ros.synthetic.scenes import Scene

#: A way is taken when it keeps this far from walls and furniture everywhere [m].
CLEARANCE = 0.35

_CANDIDATES = 48
#: Points of a way that are tested for clearance, spread over its first minute.
_TESTED_S = np.linspace(0.0, 60.0, 96)
#: Of so many ways that keep their distance the one that sees most is taken.
_COMPARED = 8
_PREVIEW = CameraModel.from_intrinsics(52.0, 52.0, 39.5, 29.5, 80, 60)
_PREVIEWED_S = (0.0, 0.75, 1.5)


@dataclass(frozen=True, eq=False)
class CameraPath:
    """
    A way that never ends: sines of a few periods for each coordinate, and for yaw and pitch.

    :param scene: that it leads through
    :param centre: about which the camera moves, in the room's axes from its middle [m], (3,)
    :param amplitude: [m], (3, 2)
    :param rate: [rad/s], (3, 2)
    :param phase: [rad], (3, 2)
    :param heading: first yaw [rad]; from there the camera looks around
    :param sway: amplitudes of yaw and pitch [rad]
    :param pitch: mean pitch [rad]
    """

    scene: Scene
    centre: F64
    amplitude: F64
    rate: F64
    phase: F64
    heading: float
    sway: tuple[float, float]
    pitch: float

    @classmethod
    def through(cls, scene: Scene, rng: np.random.Generator) -> CameraPath:
        """
        Return a way at ``CLEARANCE`` from everything, or the best of some when there is none.

        Of the ways that keep that distance it is the one that sees most contours. It never
        leaves the room.
        """
        best, best_clearance, kept = cls._draw(scene, rng), -math.inf, []
        for _ in range(_CANDIDATES):
            path = cls._draw(scene, rng)
            clearance = float(scene.clearance(path.positions(_TESTED_S)).min())
            if clearance > best_clearance:
                best, best_clearance = path, clearance
            if clearance >= CLEARANCE:
                kept.append(path)
            if len(kept) == _COMPARED:
                break
        return max(kept, key=_contours, default=best)

    @classmethod
    def _draw(cls, scene: Scene, rng: np.random.Generator) -> CameraPath:
        half = scene.room.half
        # the two sines of a coordinate together reach at most 0.85 of the way to a wall
        centre = rng.uniform(-0.55, 0.55, 3) * half
        centre[2] = rng.uniform(0.9, min(1.8, 2 * half[2] - 0.5)) - half[2]
        reach = np.minimum(0.85 * half - np.abs(centre), [1.5, 1.5, 0.35])
        share = rng.uniform(0.15, 0.6, 3)
        amplitude = np.stack([0.75 * share * reach, 0.25 * share * reach], axis=-1)
        slow = rng.uniform(0.25, 0.5, 3)
        rate = np.stack([slow, slow * rng.uniform(1.5, 2.5, 3)], axis=-1)
        phase = rng.uniform(0, 2 * math.pi, (3, 2))
        # looking at the middle of the room is looking at most of it
        toward = scene.room.rotation @ -centre
        heading = math.atan2(toward[1], toward[0]) + rng.normal(0, 0.4)
        sway = (rng.uniform(0.4, 0.9), rng.uniform(0.05, 0.15))
        return cls(scene, centre, amplitude, rate, phase, heading, sway, rng.uniform(-0.35, -0.1))

    def positions(self, times: F64) -> F64:
        """Return where the camera is at ``times`` [s], (N,), in the world [m], (N, 3)."""
        angles = self.rate * np.asarray(times)[:, None, None] + self.phase
        offset = np.sum(self.amplitude * np.sin(angles), axis=-1)
        return self.scene.room.world(self.centre + offset)

    def pose(self, time: float) -> F64:
        """Return the pose at ``time`` [s]: camera to world, optical axes, (4, 4)."""
        position = self.positions(np.array([time]))[0]
        around, nod = self.sway
        yaw = self.heading + around * math.sin(0.5 * time + self.phase[0, 0])
        pitch = self.pitch + nod * math.sin(0.7 * time + self.phase[1, 0])
        return look(position, yaw, pitch)


@dataclass(frozen=True, eq=False)
class Shake:
    """
    How a camera in somebody's hand leaves its smooth way: a slow lean and a fast tremor.

    A few degrees over seconds and a few tenths of a degree several times a second; how much is
    our choice.

    :param amplitude: of pitch, yaw and roll [rad], (3, 3)
    :param rate: [rad/s], (3, 3)
    :param phase: [rad], (3, 3)
    :param sway: amplitudes along the camera's axes, with the same rates and phases [m], (3, 3)
    """

    amplitude: F64
    rate: F64
    phase: F64
    sway: F64

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Shake:
        """Return the hand of somebody."""
        degrees = rng.uniform((1.0, 0.2, 0.05), (3.0, 0.6, 0.2), (3, 3))
        degrees[2, 0] *= 2  # people hold cameras level less well than they aim them
        rate = 2 * math.pi * rng.uniform((0.1, 0.6, 3.0), (0.3, 1.5, 7.0), (3, 3))
        phase = rng.uniform(0, 2 * math.pi, (3, 3))
        sway = rng.uniform((0.005, 0.002, 0.0002), (0.02, 0.005, 0.001), (3, 3))
        return cls(np.deg2rad(degrees), rate, phase, sway)

    def apply(self, pose: F64, time: float) -> F64:
        """Return a pose, (4, 4), as it is shaken at ``time`` [s]."""
        swing = np.sin(self.rate * time + self.phase)
        a, b, c = np.sum(self.amplitude * swing, axis=1)
        shaken = np.eye(4)
        shaken[:3, :3] = _about(0, a) @ _about(1, b) @ _about(2, c)
        shaken[:3, 3] = np.sum(self.sway * swing, axis=1)
        return np.asarray(pose @ shaken)


def _about(axis: int, angle: float) -> F64:
    """Return the rotation about an axis [rad]."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[i, i] = turn[j, j] = math.cos(angle)
    turn[j, i] = math.sin(angle)
    turn[i, j] = -turn[j, i]
    return turn


def _contours(path: CameraPath) -> int:
    """Return how many contours small pictures from the first seconds of a way show [px]."""
    count = 0
    for time in _PREVIEWED_S:
        hits = cast(path.scene.room, path.scene.shapes, View.of(_PREVIEW, path.pose(time)))
        count += int(np.count_nonzero(hits.surface[:, 1:] != hits.surface[:, :-1]))
    return count


def there_and_back(step: int, count: int) -> int:
    """
    Return which of ``count`` pictures comes at ``step`` when they are played to and fro.

    The ends come once a turn: 0 1 2 1 0 1 2 for three pictures.
    """
    if count == 1:
        return 0
    turn = step % (2 * count - 2)
    return min(turn, 2 * count - 2 - turn)


def eased(index: int, count: int) -> float:
    """
    Return how far along a stretch picture ``index`` of ``count`` is taken, 0 to 1.

    The camera comes to rest at both ends, so that playing to and fro has no jerk.
    """
    if count == 1:
        return 0.0
    return 0.5 - 0.5 * math.cos(math.pi * index / (count - 1))
