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
"""Every circumstance of benchmarks/bad_circumstances.py, on a trainer process of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'benchmarks'))
import bad_circumstances

CASES = {case.name: case for case in bad_circumstances.cases()}


@pytest.mark.parametrize('name', CASES)
def test_says_what_is_wrong_loses_nothing_and_goes_on(name: str, tmp_path: Path):
    case = CASES[name]
    outcome = bad_circumstances.run(case, tmp_path)
    if outcome is None:
        pytest.skip('this machine lets nobody unshare(1)')
    assert re.search(case.says, outcome.said)
    assert outcome.whole
    assert outcome.goes_on
