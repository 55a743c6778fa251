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
"""Checkpoints of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from cdst_ros.training.config import ConfigError


def completed_steps(checkpoint: Path) -> int:
    """
    Return the steps that a checkpoint has behind it.

    :raises ConfigError: when it is missing or no checkpoint of a training
    """
    return int(read_checkpoint(checkpoint)['global_step'])


def newest_checkpoint(folder: Path) -> Path | None:
    """
    Return the checkpoint of a run with the most steps behind it, None where there is none.

    One that cannot be read, as a power cut may leave it, is renamed out of the way.
    """
    steps: dict[Path, int] = {}
    for path in sorted(folder.glob('*.ckpt')):
        try:
            steps[path] = completed_steps(path)
        except ConfigError:
            path.rename(path.with_suffix('.damaged'))
    return max(steps, key=lambda path: steps[path], default=None)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """
    Return a checkpoint's content; it is loaded as data, nothing in it is run.

    :raises ConfigError: when it is missing or no checkpoint of a training
    """
    if not path.is_file():
        raise ConfigError(f'no checkpoint {path}')
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:
        raise ConfigError(f'{path} can not be read as a checkpoint: {error}') from None
    if not isinstance(content, dict) or not {'state_dict', 'global_step'} <= content.keys():
        raise ConfigError(f'{path} is no checkpoint of `cdst-ros train`')
    return content
