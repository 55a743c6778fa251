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
"""Which recordings a training learns from, told so that they are known again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.layout import HEADER_FILE
from cdst_ros.recordings.reader import Recording
from cdst_ros.training.config import ConfigError, DataConfig


def recordings_of(data: DataConfig) -> list[dict[str, Any]]:
    """
    Return ``name``, ``fingerprint`` and number of ``frames`` of each recording of the sources.

    :raises ConfigError: when one cannot be read
    """
    found = []
    for source in data.sources:
        if source.kind != 'recordings':
            continue
        path = Path(data.root) / source.path
        folders = (
            [path]
            if (path / HEADER_FILE).exists()
            else sorted(header.parent for header in path.glob(f'*/{HEADER_FILE}'))
        )
        for folder in folders:
            try:
                recording = Recording(folder)
            except RecordingError as error:
                raise ConfigError(f'data.sources: {error}') from None
            found.append(
                {
                    'name': folder.resolve().name,
                    'fingerprint': recording.fingerprint,
                    'frames': len(recording),
                }
            )
    return found
