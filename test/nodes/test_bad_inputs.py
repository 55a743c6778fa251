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
"""Every bad input of benchmarks/bad_inputs.py on a live node, which is a process of its own."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'benchmarks'))
import bad_inputs

from cdst_ros.nodes.children import Children

NAMES = [case.name for case in bad_inputs.cases(Path())]


@pytest.fixture(scope='module')
def children() -> Iterator[Children]:
    with Children(os.environ) as started:
        yield started


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    return bad_inputs.foreign_model(tmp_path_factory.mktemp('models')).parent


@pytest.fixture(scope='module')
def driver(children) -> Iterator[bad_inputs.Driver]:
    arguments = ('engine:=bicubic', 'scale:=2', f'max_pixels:={bad_inputs.MAX_PIXELS}')
    driver = bad_inputs.Driver(children, arguments)
    yield driver
    driver.close()


@pytest.mark.parametrize('name', NAMES)
def test_says_what_is_wrong_and_the_next_good_frame_comes_out(driver, folder, name):
    case = next(c for c in bad_inputs.cases(folder) if c.name == name)
    outcome = bad_inputs.run(driver, case)
    assert re.search(case.says, outcome.said), driver.output()
    assert outcome.recovered, driver.output()


def test_refuses_to_start_with_a_model_of_an_unknown_contract(children, folder):
    said = bad_inputs.refused_at_start(children, folder)
    assert said.startswith('exit code 1')
    assert 'contract 99' in said
    assert 'update cdst_ros' in said
