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
"""The folder of models that somebody brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdst_ros.nodes.learning.inbox import Inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def put(inbox: Inbox, name: str, text: str = '') -> Path:
    file = inbox.folder / name
    file.write_text(text)
    return file


def names(inbox: Inbox) -> list[str]:
    return sorted(path.name for path in inbox.folder.iterdir())


def test_what_could_not_be_judged_arrives_again(inbox):
    left = inbox.put_off(put(inbox, 'a.onnx', 'of a'))
    assert inbox.arrived() is None
    assert left.read_text() == 'of a'
    inbox.bring_back()
    assert names(inbox) == ['a.onnx']


def test_a_later_file_of_the_same_name_stands(inbox):
    inbox.put_off(put(inbox, 'a.onnx', 'earlier'))
    later = put(inbox, 'a.onnx', 'later')
    inbox.bring_back()
    assert later.read_text() == 'later'
    assert inbox.put_off(later).read_text() == 'later'
    assert names(inbox) == ['a.onnx.unjudged']


def test_what_was_taken_does_not_arrive_again(inbox):
    inbox.take(inbox.put_off(put(inbox, 'a.onnx')))
    inbox.refuse(put(inbox, 'b.onnx'))
    inbox.bring_back()
    assert names(inbox) == ['a.onnx.taken', 'b.onnx.refused']
