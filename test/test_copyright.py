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
"""The licence stands at the head of every Python file, as ament_copyright asks where it is."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEADER = (ROOT / 'cdst_ros/__init__.py').read_text().split('"""')[0]
FOLDERS = ('benchmarks', 'cdst_ros', 'launch', 'test')
FILES = [ROOT / 'setup.py', *(file for name in FOLDERS for file in (ROOT / name).rglob('*.py'))]


def test_the_header_is_the_apache_licence():
    assert 'Licensed under the Apache License, Version 2.0' in HEADER
    assert 'WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND' in HEADER


@pytest.mark.parametrize('file', FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_starts_with_the_header(file: Path):
    assert file.read_text().startswith(HEADER)
