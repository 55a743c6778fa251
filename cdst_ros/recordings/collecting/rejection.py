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
"""Why a frame is not kept."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Reason(str, Enum):
    """Why a frame is not kept; the values are what diagnostics and recordings count."""

    UNPAIRED = 'unpaired'
    STALE = 'stale'
    BUSY = 'writer busy'
    OVER_BUDGET = 'over budget'
    UNREADABLE = 'unreadable'
    FEW_VALID = 'few valid pixels'
    DARK = 'dark colour'
    UNMOVED = 'no motion'
    BLURRED = 'blurred colour'
    REPEATED = 'repeated stamp'
    UNWRITTEN = 'not written'


class Rejection(NamedTuple):
    """
    A frame that is not kept.

    :param text: what, and what to do about it
    """

    reason: Reason
    text: str
