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

from cdst_ros.evaluation.rods import RADII, with_rods
from cdst_ros.synthetic import indoor_scene


def test_rods_span_the_room_and_are_thin():
    scene = indoor_scene(np.random.default_rng(3))
    more = with_rods(np.random.default_rng(4), scene, 5)
    rods = more.shapes[len(scene.shapes) :]
    assert more.shapes[: len(scene.shapes)] == scene.shapes
    assert len(rods) == 5
    for number, rod in enumerate(rods):
        assert RADII[0] <= rod.half[0] <= RADII[1]
        reach = scene.room.local(rod.centre + rod.rotation[:, 2] * rod.half[2])
        axis = np.isclose(np.abs(reach), scene.room.half)
        assert axis[2] if number % 2 == 0 else axis[:2].any()


def test_the_same_key_gives_the_same_rods():
    scene = indoor_scene(np.random.default_rng(3))
    one, other = (with_rods(np.random.default_rng(7), scene, 3).shapes[-1] for _ in range(2))
    assert (one.centre == other.centre).all()
