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
"""Services that say in words what they did, or why they did not."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger


class ServiceRefusedError(ValueError):
    """What a service could not do: why, and what to do about it."""


def serve(node: Node, name: str, do: Callable[[], str | Awaitable[str]]) -> Any:
    """
    Serve a std_srvs/Trigger.

    :param name: such as ``~/start_collecting``
    :param do: returns what the answer says, or what to await for it: other callbacks go on
        meanwhile; a ``ValueError`` or ``OSError`` is a refusal, and its text is the answer
    """

    async def answer(request: Any, response: Any) -> Any:
        try:
            said = do()
            response.message = await said if inspect.isawaitable(said) else said
            response.success = True
            node.get_logger().info(f'{name[2:]}: {response.message}')
        except (ValueError, OSError) as error:
            response.message = str(error)
            node.get_logger().warning(f'{name[2:]} is refused: {error}')
        except Exception:
            response.message = traceback.format_exc()
            node.get_logger().error(f'{name[2:]} broke off: {response.message}')
        return response

    # Of no group with others: while one waits, they would, too.
    group = ReentrantCallbackGroup()
    return node.create_service(Trigger, name, answer, callback_group=group)
