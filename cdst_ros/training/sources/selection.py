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
"""Which of a source's images are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from cdst_ros.evaluation.spread import spread
from cdst_ros.training.sources.settings import SourceConfig

_Item = TypeVar('_Item')


def select(ordered: Sequence[_Item], settings: SourceConfig) -> list[_Item]:
    """Return what lies between ``first`` and ``last``, ``images`` of them where that is set."""
    count = len(ordered)
    kept = ordered[round(settings.first * count) : round(settings.last * count)]
    return [kept[place] for place in spread(len(kept), settings.images or None)]
