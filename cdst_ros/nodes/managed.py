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
"""A lifecycle node that says why a transition fails, and leaves nothing half done."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

_Return = TransitionCallbackReturn


class ManagedNode(LifecycleNode):  # type: ignore[misc]
    """
    The transitions of our lifecycle nodes, made of steps that each of them has.

    rclpy swallows the exceptions of transitions without a word; here each is said, and what the
    step had done is undone. A node declares the parameter ``autostart``.
    """

    #: What a step raises on purpose: its text is meant for the user, and no trace is shown.
    _refusals: tuple[type[Exception], ...] = (ValueError,)

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        #: Why the last transition failed; empty if it did not.
        self._refusal = ''

    def start(self) -> bool:
        """Configure and activate if ``autostart`` says so; False when the node refuses to."""
        if not self.get_parameter('autostart').value:
            return True
        transitions = (self.trigger_configure, self.trigger_activate)
        return all(transition() == _Return.SUCCESS for transition in transitions)

    def on_configure(self, state: LifecycleState) -> Any:
        """Make ready what the node works with."""
        done = self._step('configure', self._configure)
        return super().on_configure(state) if done else self._back_out(self._release)

    def on_activate(self, state: LifecycleState) -> Any:
        """Begin to work, then to subscribe."""
        done = self._step('activate', self._start_working)
        if not done or super().on_activate(state) != _Return.SUCCESS:
            return self._back_out(self._stop_working)
        if self._step('subscribe', self._follow_demand):
            return _Return.SUCCESS
        super().on_deactivate(state)
        return self._back_out(self._stop_working)

    def on_deactivate(self, state: LifecycleState) -> Any:
        """Unsubscribe and finish what is in hand."""
        done = self._step('deactivate', self._stop_working)
        return super().on_deactivate(state) if done else _Return.ERROR

    def on_cleanup(self, state: LifecycleState) -> Any:
        """Release everything that was made ready."""
        done = self._step('clean up', self._release)
        return super().on_cleanup(state) if done else _Return.ERROR

    def on_shutdown(self, state: LifecycleState) -> Any:
        """Release everything."""
        done = self._step('shut down', self._release)
        return super().on_shutdown(state) if done else _Return.ERROR

    def on_error(self, state: LifecycleState) -> Any:
        """Release everything, so that the node may be configured anew."""
        done = self._step('recover', self._release)
        return super().on_error(state) if done else _Return.FAILURE

    def _configure(self) -> None:
        """Make ready what the node works with."""
        raise NotImplementedError

    def _start_working(self) -> None:
        """Begin to work."""
        raise NotImplementedError

    def _follow_demand(self) -> None:
        """Subscribe to what is needed at present; nothing, unless a node says so."""

    def _stop_working(self) -> None:
        """Unsubscribe, and finish what is in hand; harmless where nothing has begun."""
        raise NotImplementedError

    def _release(self) -> None:
        """Stop working, and undo ``_configure``; harmless where there is nothing to undo."""
        raise NotImplementedError

    def _step(self, doing: str, step: Callable[[], None]) -> bool:
        """Do one part of a transition; tell whether it succeeded, having said why if not."""
        self._refusal = ''
        try:
            step()
        except self._refusals as error:
            self._refusal = f'cannot {doing}: {error}'
        except Exception:
            shut_down = not self.context.ok()
            reason = 'the context was shut down' if shut_down else traceback.format_exc()
            self._refusal = f'cannot {doing}: {reason}'
        if self._refusal:
            self.get_logger().error(self._refusal)
        return not self._refusal

    @staticmethod
    def _back_out(undo: Callable[[], None]) -> Any:
        undo()
        return _Return.FAILURE
