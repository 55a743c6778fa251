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

from joint_step import seconds_a_step

from cdst_ros.training.config import TrainConfig
from cdst_ros.training.system import SuperResSystem


def test_the_average_is_part_of_a_step(monkeypatch):
    moved = []
    before = SuperResSystem.move_average
    monkeypatch.setattr(
        SuperResSystem, 'move_average', lambda system: (moved.append(1), before(system))
    )
    config = TrainConfig.from_dict({
        'name': 'x',
        'model': {'scale': 2, 'options': {'width': 8, 'depth': 1}},
        'data': {'crop': 12, 'batch_size': 2, 'color': True, 'sources': [{'kind': 'procedural'}]},
        'transfer': {'estimation': {'width': 4, 'blocks': 1}, 'structure': {'width': 4}},
    })  # fmt: skip
    assert seconds_a_step(config, 2) > 0
    assert len(moved) == 2 + 3
