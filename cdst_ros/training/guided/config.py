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
"""What a training of a guided network does: the ``guided`` section of its YAML."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GuidedConfig:
    """
    The training of a guided network: what is done to colour, so that it is not relied on.

    :param frozen: leave the branch of depth alone as it begins, which is at ``start``: without
        colour the model does exactly what that one does
    :param estimation: weight of the losses of the branch that sees colour, beside those of the
        output
    :param blind: share of the samples that have no colour
    :param patched: share of the samples that lack it in patches
    :param patches: share of those that is lacking, at most
    :param shifted: share of the samples whose colour lies beside depth
    :param shift: by how much at most, each way [output px]
    :param tinted: by how much, at most, the brightness of a colour, its contrast and the grey of
        black differ from what they were, as a share
    """

    frozen: bool = False
    estimation: float = 1.0
    blind: float = 0.1
    patched: float = 0.3
    patches: float = 0.5
    shifted: float = 0.5
    shift: float = 2.0
    tinted: float = 0.3

    def __post_init__(self) -> None:
        for name in ('blind', 'patched', 'patches', 'shifted', 'tinted'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'{name} is a share of 0 to 1, got {getattr(self, name)}')
        if self.shift < 0 or self.estimation < 0:
            raise ValueError(
                'shift and estimation must not be negative, '
                f'got {self.shift} and {self.estimation}'
            )
