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
"""Names of models that were made from others."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from cdst_ros.superres.contract import read_metadata

#: What an earlier adaptation has added.
_ADDED = re.compile(r'_[0-9a-z]+_\d{8}T\d{6}$')


def adapted_name(base: Path, recording: Path, now: datetime | None = None) -> str:
    """
    Return a name for what a model becomes on a recording: both names, and the time.

    :param base: file of the model
    :raises ModelError: when it cannot be used
    """
    stem = _ADDED.sub('', read_metadata(base).name)
    place = re.sub(r'[^0-9a-z]', '', recording.resolve().name.lower()) or 'recording'
    return f'{stem}_{place}_{(now or datetime.now()).strftime("%Y%m%dT%H%M%S")}'
