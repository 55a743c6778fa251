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

from __future__ import annotations

import numpy as np
import pytest
from graph import camera
from guided_graph import boxes
from waiting import wait_until

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.nodes import registration_check
from cdst_ros.nodes.color import ColorImage
from cdst_ros.nodes.registration_check import RegistrationCheck

SCALE = 4
CAMERA = camera(120, 160)
PALETTE = np.random.default_rng(0).integers(20, 255, (13, 3)).astype(np.uint8)


def offered(check, frames, right=0, down=0, plain=False):
    """Offer frames whose colour lies aside by so many pixels of the output."""
    for seed in range(frames):
        depth, number = boxes(seed)
        fine = np.roll(number.repeat(SCALE, 0).repeat(SCALE, 1), (down, right), (0, 1))
        rgb = np.full((480, 640, 3), 90, np.uint8) if plain else PALETTE[fine]
        on_grid = CAMERA.scaled(SCALE, GridAlignment.HALF_PIXEL)
        color = ColorImage(rgb, on_grid, np.eye(4), '/rgb')
        seen = check._seen
        check.offer(color, depth, CAMERA, SCALE)
        wait_until(lambda before=seen: check._seen != before)


@pytest.fixture
def check(monkeypatch):
    monkeypatch.setattr(registration_check, 'PERIOD_S', 0.0)

    def failed(error):
        raise error

    made = RegistrationCheck(failed)
    yield made
    made.stop()


@pytest.mark.parametrize(('right', 'down'), [(0, 0), (1, 1), (3, 0), (-2, 5)])
def test_it_says_by_how_much_colour_lies_aside_and_refuses_above_2_px(check, right, down):
    offered(check, 5, right, down)
    assert check.found is None, 'too early'
    offered(check, 1, right, down)
    found = wait_until(lambda: check.found)
    assert (found.right, found.down) == pytest.approx((right, down), abs=0.5)
    assert bool(check.refusal) == (np.hypot(right, down) > 2)
    if check.refusal:
        assert '/rgb lies' in check.refusal


def test_what_was_known_holds_while_nothing_can_be_told(check):
    offered(check, 6, right=4)
    wait_until(lambda: check.refusal)
    offered(check, 6, plain=True)
    assert check.refusal
    offered(check, 24, plain=True)
    offered(check, 6)
    wait_until(lambda: not check.refusal)
    assert check.found.size < 0.5


def test_a_frame_a_second_is_looked_at(monkeypatch):
    check = RegistrationCheck(lambda error: None)
    monkeypatch.setattr(registration_check, 'PERIOD_S', 3600.0)
    offered(check, 1)
    depth, _ = boxes(0)
    color = ColorImage(np.zeros((480, 640, 3), np.uint8), CAMERA, np.eye(4), '/rgb')
    for _ in range(5):
        check.offer(color, depth, CAMERA, SCALE)
    check.stop()
    assert check._seen == 1


@pytest.mark.parametrize('which', ['depth', 'colour'])
def test_a_camera_that_is_not_calibrated_is_left_to_who_uses_it_to_tell(monkeypatch, which):
    monkeypatch.setattr(registration_check, 'PERIOD_S', 0.0)
    failures = []
    check = RegistrationCheck(failures.append)
    depth, _ = boxes(0)
    unknown, known = CameraModel(160, 120), camera(120, 160)
    ours, theirs = (unknown, known) if which == 'depth' else (known, unknown)
    color = ColorImage(np.zeros((120, 160, 3), np.uint8), theirs, np.eye(4), '/rgb')
    check.offer(color, depth, ours, SCALE)
    wait_until(lambda: check._key is not None)
    check.stop()
    assert failures == []
    assert check.found is None
    assert not check.refusal
