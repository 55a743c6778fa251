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
"""What a node is composed of, where it does several things beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.parameter import Parameter


class Part(Protocol):
    """
    One of the things that a node does: its parameters, its services, and what it tells of itself.

    A part declares its parameters and makes its services when it is built, with the node; a
    service that is called too early answers what to do first. All methods run on the executor's
    thread.
    """

    def names(self) -> tuple[str, ...]:
        """Return the names of the part's parameters."""
        ...

    def check(self, changes: Iterable[Parameter]) -> None:
        """
        Check that its parameters may change so, and that it has an effect.

        :raises ValueError: names the parameter, its value, and what to do
        """
        ...

    def apply(self) -> None:
        """Bring the parameters that the node holds now into effect."""
        ...

    def configure(self) -> None:
        """
        Check the parameters and make ready what the part works with.

        :raises ValueError: why it cannot, and what to do; likewise ``OSError``
        """
        ...

    def activate(self) -> None:
        """Begin to work."""
        ...

    def deactivate(self) -> None:
        """Finish what is in hand, and stop; harmless where nothing has begun."""
        ...

    def release(self) -> None:
        """Undo ``configure``; harmless where there is nothing to undo."""
        ...

    def tick(self) -> None:
        """Look after things; called once a second, in every state."""
        ...

    def status(self) -> dict[str, Any]:
        """Return state and progress as JSON values."""
        ...

    def health(self) -> DiagnosticStatus:
        """Return the same for a person who looks at /diagnostics; the node adds its own name."""
        ...
