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
"""Whether frames have had colour, told once when that changes."""

from __future__ import annotations

from typing import Any

from cdst_ros.nodes.frame import NoColor
from cdst_ros.nodes.window import Window

#: So many frames in a row must have had colour before it is said to be back.
_BACK = 10
#: So many must have lacked it before it is said that none has come: discovery takes a moment.
_PATIENCE = 3


class ColorWatch:
    """
    Counts the frames with colour and those without, and says when one becomes the other.

    One message for each reason, until colour is back, and one then. All methods run on the
    worker's thread; what is asked for by others is only read.

    :param logger: of the node
    """

    def __init__(self, window: Window, logger: Any) -> None:
        self._window = window
        self._logger = logger
        self._told: dict[str, str] = {}
        self._with, self._without = 0, 0
        self._ever = False
        #: Why the last frame had no colour, in one or two words; empty where it had.
        self.lacking = ''

    @property
    def reason(self) -> str:
        """The same for a person to read, as it was said."""
        return self._told.get(self.lacking, self.lacking)

    def used(self) -> None:
        """Note a frame with colour."""
        self._window.count('with colour')
        self._with, self._without = self._with + 1, 0
        self.lacking = ''
        if self._told and self._with >= _BACK:
            self._told.clear()
            self._logger.info('colour is used again')
        elif not self._ever:
            self._logger.info('colour is used')
        self._ever = True

    def lacked(self, why: NoColor, consequence: str) -> None:
        """
        Note a frame without colour.

        :param consequence: for the frame, a sentence
        """
        self._window.count(f'without colour/{why.kind}')
        self._with, self._without = 0, self._without + 1
        self.lacking = why.kind
        early = why.kind == 'missing' and self._without < _PATIENCE and not self._ever
        if why.kind not in self._told and not early:
            said = self._told[why.kind] = why.explain()
            self._logger.warning(f'no colour: {said}. {consequence}')
