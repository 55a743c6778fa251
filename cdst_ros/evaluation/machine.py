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
"""What a report was made on: machine, and versions of what counts."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: Distributions that figures and timings depend on.
_LIBRARIES = ('numpy', 'opencv-python-headless', 'opencv-python', 'openvino', 'onnxruntime')


def environment() -> dict[str, str]:
    """Return machine and versions by name."""
    found = {
        'cdst_ros': _version('cdst_ros'),
        'Python': platform.python_version(),
        **{name: _version(name) for name in _LIBRARIES},
        'system': f'{platform.system()} {platform.release()} {platform.machine()}',
        'processor': f'{_processor()}, {_cores()} cores',
    }
    return {name: value for name, value in found.items() if value}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ''


def _processor() -> str:
    try:
        text = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    except OSError:
        text = ''
    model = re.search(r'^(?:model name|Model)\s*:\s*(.+)$', text, re.MULTILINE)
    return model.group(1) if model else platform.processor() or 'unknown processor'


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
