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
"""A camera that walks through rooms, what its sensor makes of them, and the truth."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.degrade import valid_median
from cdst_ros.evaluation.guard.held_frame import HeldFrame, enlarger
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.rods import with_rods
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings
from cdst_ros.synthetic import CameraPath, degrade, indoor_scene, load_profile, render

SCALE, ROOMS, FRAMES, INTERVAL_S = 2, 2, 6, 0.2
CAMERA = CameraModel.from_intrinsics(84.0, 84.0, 47.5, 35.5, 96, 72)


@dataclass
class World:
    """
    Frames, and what is true of them.

    :param held: what the sensor measured
    :param views: the same with exact reference
    """

    held: list
    views: list

    def oracle(self, share, base):
        """Return a method that knows ``share`` of the truth, by the input that it is given."""
        truths = {}
        for frame, view in zip(self.held, self.views, strict=True):
            truths[key(view.low)] = view.reference
            small = valid_median(frame.depth, SCALE)
            truths[key(small)] = view.reference[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]

        def enlarge(depth, rgb):
            own = base(depth, rgb)
            truth = truths[key(depth)]
            return np.where(np.isfinite(own), own + share * (truth - own), own).astype(np.float32)

        return enlarge


def key(depth):
    return np.nan_to_num(depth).tobytes()


def settled(depth):
    """Return depth with its holes filled from around."""
    known = np.isfinite(depth)
    around = cv2.blur(np.nan_to_num(depth), (31, 31))
    share = np.maximum(cv2.blur(known.astype(np.float32), (31, 31)), 1e-3)
    return np.where(known, depth, around / share).astype(np.float32)


def blurred(depth, rgb):
    return cv2.GaussianBlur(settled(depth), (0, 0), 2)


def over_sharpened(depth, rgb):
    depth = settled(depth)
    return np.maximum(depth + 1.5 * (depth - cv2.GaussianBlur(depth, (0, 0), 1.5)), 0.05)


def texture_copying(depth, rgb):
    """A poster on a wall comes out of it, as every other change of brightness does."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return depth * (1 + 0.5 * (grey - cv2.GaussianBlur(grey, (0, 0), 3)))


def shifted(depth, rgb):
    return np.roll(depth, 1, axis=1)


def scaled(depth, rgb):
    return depth * np.float32(1.01)


def thin_erased(depth, rgb):
    return cv2.morphologyEx(settled(depth), cv2.MORPH_CLOSE, np.ones((7, 7)))


def holes_filled(depth, rgb):
    return settled(depth)


CHEATS = {
    cheat.__name__: cheat
    for cheat in (
        blurred,
        over_sharpened,
        texture_copying,
        shifted,
        scaled,
        thin_erased,
        holes_filled,
    )
}


def cheating(method, cheat):
    """Return a method whose output a cheat is applied to; only ``holes_filled`` fills holes."""

    def enlarge(depth, rgb):
        honest = method(depth, rgb)
        out = cheat(honest, rgb).astype(np.float32)
        keeps = cheat not in {holes_filled, shifted}
        return np.where(np.isfinite(honest), out, np.float32(np.nan)) if keeps else out

    return enlarge


@pytest.fixture(params=CHEATS.values(), ids=CHEATS)
def cheat(request):
    return request.param


def make_world(profile, frames, *, camera=CAMERA, scale=SCALE):
    sensor = load_profile(profile)
    held, views = [], []
    high = camera.scaled(scale, GridAlignment.HALF_PIXEL)
    for room in range(ROOMS):
        rng = np.random.default_rng([77, room])
        scene = with_rods(rng, indoor_scene(rng), 3)
        path = CameraPath.through(scene, rng)
        for number in range(frames):
            pose = path.pose(number * INTERVAL_S)
            seen = render(scene, high, pose, incidence=True)
            low = degrade(
                seen.depth,
                scale,
                np.random.default_rng([78, room, number]),
                sensor,
                incidence=seen.incidence,
                color=seen.color,
                focal=camera.intrinsics()[0],
            )
            name = f'room {room}'
            held.append(HeldFrame(name, low, seen.color, camera, pose))
            views.append(View(name, low, seen.depth, seen.color, high))
    return World(held, views)


@pytest.fixture(scope='session')
def world():
    return make_world('tof', FRAMES)


@pytest.fixture(scope='session')
def stereo_world():
    """Return what a stereo camera sees of the same rooms, at x4."""
    camera = CameraModel.from_intrinsics(223.0, 223.0, 79.5, 59.5, 160, 120)
    return make_world('stereo', 5, camera=camera, scale=4)


@pytest.fixture(scope='session')
def bilinear():
    return enlarger(open_engine(None, 'bilinear', scale=SCALE), Settings(bounded=False))


@pytest.fixture(scope='session')
def better(world, bilinear):
    """Return a method that has half of bilinear's error."""
    return world.oracle(0.5, bilinear)


@pytest.fixture
def cheats_with():
    return cheating


@pytest.fixture(params=['bilinear', 'better'])
def fake(request, cheat):
    """Return a cheat, applied to what runs, and to what has half of its error."""
    return cheating(request.getfixturevalue(request.param), cheat)
