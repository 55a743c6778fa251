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
import numpy as np

from cdst_ros.training.sources.turn import Turn


def test_there_are_eight_and_all_are_drawn():
    image = np.arange(6).reshape(2, 3)
    rng = np.random.default_rng(0)
    drawn = {Turn.draw(rng) for _ in range(200)}
    assert len({turn(image).tobytes() + bytes(turn(image).shape) for turn in drawn}) == 8


def test_a_picture_turns_with_its_depth():
    depth = np.arange(12.0).reshape(3, 4)
    picture = np.stack([depth, -depth, depth + 1], axis=-1)
    for quarters in range(4):
        for transposed in (False, True):
            turn = Turn(quarters, transposed)
            np.testing.assert_array_equal(turn(picture)[..., 0], turn(depth))
            assert turn(picture).flags['C_CONTIGUOUS']
