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
"""Model contract 1: what a model file says of itself, so that nothing else is needed to run it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel

#: The contract that this package writes and reads.
CONTRACT = 1


@dataclass(frozen=True)
class ModelMetadata:
    """
    Everything the node needs to know of a model.

    :param name: such as ``lite_x4``
    :param scale: output pixels per input pixel, each way
    :param alignment: how the output grid lies on the input grid
    :param domain: ``depth`` or ``inverse_depth``: what the network works in inside its graph
    :param profile: sensor profile that it was trained for
    :param noise: sigma(z) of that profile
    :param range_m: nearest and farthest depth seen in training [m]
    :param guided: whether it has an ``rgb`` input
    :param quantisation_step: step of the data it was trained on [m], 0 for none
    :param data: what it was trained on, in words
    :param data_licence: licence of that data
    :param commit: commit of this repository that trained it
    :param command: command that trains it again
    :param accuracy: measured figures by name, such as ``middlebury6_mad_mean``
    """

    name: str
    scale: int
    alignment: GridAlignment = GridAlignment.HALF_PIXEL
    domain: str = 'depth'
    profile: str = 'generic'
    noise: NoiseModel = field(default_factory=NoiseModel)
    range_m: tuple[float, float] = (0.1, 10.0)
    guided: bool = False
    quantisation_step: float = 0.0
    data: str = ''
    data_licence: str = ''
    commit: str = ''
    command: str = ''
    accuracy: dict[str, float] = field(default_factory=dict)
