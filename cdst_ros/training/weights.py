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
"""Weights of losses, and what else is never negative."""

from __future__ import annotations


def refuse_negative(weights: object) -> None:
    """
    Check the weights of a dataclass, or whatever else it holds.

    :raises ValueError: names the one that is negative
    """
    for name, value in vars(weights).items():
        if not value >= 0:
            raise ValueError(f'{name} must not be negative, got {value}')
