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
"""Which engine runs the next frame, and when the old one is closed."""

from __future__ import annotations

from cdst_ros.nodes.slot import EngineSlot
from cdst_ros.superres.engines import open_engine


class Engine:
    def __init__(self, name):
        self._real = open_engine(None, engine=name, scale=2)
        self.info = self._real.info
        self.closed = False

    def close(self):
        self.closed = True


def test_new_engine_takes_over_with_the_next_frame():
    old, new = Engine('nearest'), Engine('bicubic')
    slot = EngineSlot(old)
    assert slot.take() is old
    slot.put(new)
    assert slot.info.engine == 'bicubic'
    assert not old.closed
    assert slot.take() is new
    assert slot.take() is new
    assert old.closed
    assert not new.closed


def test_engine_that_never_ran_is_closed():
    old, skipped, new = Engine('nearest'), Engine('bilinear'), Engine('bicubic')
    slot = EngineSlot(old)
    slot.put(skipped)
    slot.put(new)
    assert skipped.closed
    assert slot.take() is new


def test_closing_closes_both():
    old, new = Engine('nearest'), Engine('bicubic')
    slot = EngineSlot(old)
    slot.put(new)
    slot.close()
    assert old.closed
    assert new.closed
