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
"""The engines of a node: one that needs no colour, and one for frames that have it."""

from __future__ import annotations

from dataclasses import dataclass

from cdst_ros.superres.engine import Engine, EngineInfo
from cdst_ros.superres.engines import StandbyEngine


@dataclass(frozen=True)
class Engines:
    """
    Two engines of one geometry, which come and go together.

    :param plain: of frames without colour; without ``guided`` of all frames
    :param guided: of frames with colour, where there is such a model
    """

    plain: Engine
    guided: Engine | None = None

    @property
    def info(self) -> EngineInfo:
        """What the engine of all frames is; the geometry is that of both."""
        return self.plain.info

    @property
    def seeing(self) -> Engine | None:
        """The one that sees colour, where there is one."""
        return self.plain if self.guided is None and self.plain.info.guided else self.guided

    @property
    def need_color(self) -> bool:
        """Whether a frame without colour is lost."""
        info = self.plain.info
        return info.guided and not info.works_blind

    @property
    def standbys(self) -> tuple[StandbyEngine, ...]:
        """Those that take long to get ready, and have a standby meanwhile."""
        both = (self.plain, self.guided)
        return tuple(engine for engine in both if isinstance(engine, StandbyEngine))

    def close(self) -> None:
        """Release both."""
        self.plain.close()
        if self.guided is not None:
            self.guided.close()
