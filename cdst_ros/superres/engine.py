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
"""What runs a model: the one small protocol that every engine keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel


class ModelError(ValueError):
    """A model file that cannot be used: missing, damaged, or of an unknown contract."""


class EngineError(RuntimeError):
    """An engine that cannot be built or run here; the message says what to do."""


@dataclass(frozen=True)
class EngineInfo:
    """
    What an engine says of itself.

    :param engine: registry name, such as ``openvino`` or ``bicubic``
    :param model: model name; the engine's own name for classical methods
    :param scale: output pixels per input pixel, each way
    :param alignment: how the output grid lies on the input grid
    :param precision: what the arithmetic is really done in: ``f32``, ``bf16``, ...
    :param device: such as ``CPU`` or the GPU's name
    :param guided: whether ``infer`` takes colour
    :param noise: sigma(z) of the sensor the model was trained for; zero for classical methods
    :param reason: why it was chosen, where it was not asked for by name
    :param works_blind: whether, guided, it does without colour where there is none: then it gives
        what it would of depth alone
    """

    engine: str
    model: str
    scale: int
    alignment: GridAlignment
    precision: str
    device: str
    guided: bool
    noise: NoiseModel
    reason: str = ''
    works_blind: bool = False


class Inference(NamedTuple):
    """
    One enlarged frame, before bounds and masks; buffers live until the next ``infer``.

    ``depth`` (sH, sW) [m], meaningful where ``valid``; ``sigma`` (sH, sW) [m], the scale of a
    Laplace distribution, or None where the method has no notion of its error; ``valid`` (sH, sW).
    """

    depth: F32
    sigma: F32 | None
    valid: Bool


class Engine(Protocol):
    """Takes and gives NumPy arrays; fails when it is built, not at frame 500."""

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """
        Enlarge one frame of any size.

        :param depth: (H, W) [m]; values where not ``valid`` are finite and must not matter
        :param valid: (H, W)
        :param rgb: (sH, sW, 3) for guided methods, registered to the output grid; to models a
            pixel of which all three channels are 0 is unknown
        :raises EngineError: when the engine breaks on this frame
        """

    def close(self) -> None:
        """Release what the engine holds; it is not used afterwards."""
