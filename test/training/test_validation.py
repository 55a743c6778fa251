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
import torch

from cdst_ros.evaluation import middlebury
from cdst_ros.training import validation
from cdst_ros.training.sources.held_out import VALIDATION_SCENES
from cdst_ros.training.sources.levels import PROTOCOL


def test_disparity_is_taken_for_depth_as_the_benchmark_does():
    levels = np.arange(256, dtype=np.uint8)
    depth = middlebury.MAPPING.to_metres(levels)
    assert tuple(middlebury.MAPPING.__dict__.values()) == tuple(PROTOCOL)
    assert validation.to_levels(torch.from_numpy(depth)).tolist() == levels.tolist()


def test_the_scenes_are_those_that_choices_are_made_on_and_none_of_the_test_set():
    scenes = [name for names in VALIDATION_SCENES.values() for name in names]
    assert sorted(scenes) == sorted(middlebury.VALIDATION)
    assert not set(scenes) & set(middlebury.SCENES)
