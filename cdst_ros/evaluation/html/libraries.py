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
"""
The two libraries that reports alone need: Jinja2 and matplotlib.

They are an extra, and imported when a report is written: a robot that runs the node needs neither,
and loading matplotlib would cost every start of it half a second and 40 MB.
"""

from __future__ import annotations

from importlib.util import find_spec

from cdst_ros.evaluation.report import EvaluationError

_PIP_NAMES = {'jinja2': 'Jinja2', 'matplotlib': 'matplotlib'}
REMEDY = (
    'pip install -e ".[report]" in the checkout, or apt install python3-jinja2 python3-matplotlib'
)


class MissingLibraryError(EvaluationError):
    """A report cannot be written, for a library is not installed; the message says what to do."""


def check_libraries() -> None:
    """
    See that reports can be written, before what they are about is measured for an hour.

    :raises MissingLibraryError: when they cannot
    """
    missing = [name for module, name in _PIP_NAMES.items() if find_spec(module) is None]
    if missing:
        raise MissingLibraryError(
            f'HTML reports need {" and ".join(missing)}, not installed here: {REMEDY}'
        )
