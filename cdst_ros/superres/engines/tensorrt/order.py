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
"""What is to be built: a plan for one model, shape and GPU."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple


class PlanOrder(NamedTuple):
    """
    What ``build`` needs to know.

    :param model: path of the model file
    :param sha256: of its content, so that no other content is built under its name
    :param shapes: shape of each input
    :param device: number of the GPU
    """

    model: str
    sha256: str
    shapes: dict[str, tuple[int, ...]]
    device: int

    @classmethod
    def parse(cls, values: dict[str, Any]) -> PlanOrder:
        """Return the order that ``_asdict`` and JSON made these values of."""
        shapes = {name: tuple(shape) for name, shape in values['shapes'].items()}
        return cls(values['model'], values['sha256'], shapes, values['device'])


def model_sha256(content: bytes) -> str:
    """Return what names the content of a model file."""
    return hashlib.sha256(content).hexdigest()
