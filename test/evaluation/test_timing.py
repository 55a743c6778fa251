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
import pytest

from cdst_ros.evaluation.timing import scene, time_engines
from cdst_ros.superres.engines import open_engine


class Counting:
    """An engine that counts its frames."""

    def __init__(self, name, scale):
        self._inner = open_engine(None, name, scale=scale)
        self.info = self._inner.info
        self.sizes = []

    def infer(self, depth, valid, rgb=None):
        self.sizes.append((depth.shape[1], depth.shape[0]))
        return self._inner.infer(depth, valid, rgb)

    def close(self):
        self._inner.close()


def test_every_engine_sees_every_round_and_the_warm_up():
    engines = [Counting('nearest', 2), Counting('joint_bilateral', 4)]
    costs = time_engines(engines, (20, 15), 3)
    assert [engine.sizes for engine in engines] == [[(20, 15)] * 4] * 2
    for cost in costs:
        assert cost.wall_ms > 0
        assert cost.cpu_ms >= 0


def test_more_work_costs_more():
    engines = [open_engine(None, name, scale=4) for name in ('nearest', 'joint_bilateral')]
    nearest, bilateral = time_engines(engines, (160, 120), 5)
    assert bilateral.cpu_ms > 2 * nearest.cpu_ms


@pytest.mark.parametrize('scale', [2, 4])
def test_the_scene_has_an_edge_and_registered_colour(scale):
    depth, rgb = scene(40, 30, scale)
    assert depth.dtype == np.float32
    assert depth.shape == (30, 40)
    assert np.abs(np.diff(depth, axis=1)).max() > 0.3
    assert rgb.shape == (30 * scale, 40 * scale, 3)
