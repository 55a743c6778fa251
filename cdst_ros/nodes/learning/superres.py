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
"""The superres node, seen from another: what it runs, and how it takes another model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from cdst_ros.nodes.learning.waiting import Waiting
from cdst_ros.nodes.services import ServiceRefusedError
from cdst_ros.superres.contract import ModelMetadata, read_metadata
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.engines import CLASSICAL_ENGINES
from cdst_ros.superres.store import find_model

#: How long an answer may take [s].
_ANSWER_S = 5.0
#: So often it may say that it is not done yet, once a second: TensorRT may take minutes.
_BUILD_WORDS = 900


class Running(NamedTuple):
    """
    What a superres node runs.

    :param model: its parameter of that name, which may leave the choice to it
    :param file: of the model that it runs
    :param metadata: what that says of itself
    """

    model: str
    file: Path
    metadata: ModelMetadata


class SuperresClient:
    """
    Asks a superres node, by its parameters, as ``ros2 param`` does.

    A model is set by the parameter ``model``: the node builds and tries its engine beside the one
    that runs, and changes them between two frames.

    :param name: of the superres node, relative to the namespace of ``node``, or whole
    """

    def __init__(self, node: Node, waiting: Waiting, name: str) -> None:
        self._node = node
        self._waiting = waiting
        #: Its whole name.
        self.name = node.resolve_topic_name(name)
        self._heard: dict[str, str] = {}
        self._said = ''
        self._count = 0
        # While one coroutine waits, others and the answers to them go on.
        group = ReentrantCallbackGroup()
        self._get = node.create_client(
            GetParameters, f'{self.name}/get_parameters', callback_group=group
        )
        self._set = node.create_client(
            SetParametersAtomically,
            f'{self.name}/set_parameters_atomically',
            callback_group=group,
        )
        self._subscription = node.create_subscription(
            DiagnosticArray, '/diagnostics', self._on_diagnostics, 10, callback_group=group
        )

    def destroy(self) -> None:
        """Withdraw from the graph."""
        self._node.destroy_client(self._get)
        self._node.destroy_client(self._set)
        self._node.destroy_subscription(self._subscription)

    def is_there(self) -> bool:
        """Return whether the node can be asked."""
        return bool(self._get.service_is_ready() and self._set.service_is_ready())

    async def running(self) -> Running:
        """
        Return what it runs.

        :raises ServiceRefusedError: when it does not answer, or runs no model
        :raises ModelError: when its model is not on this machine
        """
        model, engine = await self._values('model', 'engine')
        if engine in CLASSICAL_ENGINES:
            raise ServiceRefusedError(
                f'{self.name} runs {engine}, which is no model: set its engine to auto, or '
                'base_model of this node'
            )
        file = find_model(model if _is_one(model) else await self._chosen())
        return Running(model, file, read_metadata(file))

    async def model(self) -> str:
        """
        Return its parameter ``model``, as it was told.

        :raises ServiceRefusedError: when it does not answer
        """
        return (await self._values('model'))[0]

    async def take(self, model: str, name: str) -> None:
        """
        Have it run a model, and wait until it does.

        :param model: shipped name or file, as its parameter takes it
        :param name: that the model gives itself
        :raises ServiceRefusedError: when it does not; says why, and it runs what it ran
        """
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=model)
        request = SetParametersAtomically.Request(
            parameters=[Parameter(name='model', value=value)]
        )
        result = (await self._ask(self._set, request)).result
        if not result.successful:
            raise ServiceRefusedError(f'{self.name} refuses {name}: {result.reason}')
        before = self._heard.get('model')
        await self._next_word()  # which may have been on its way when the parameter was set
        for _ in range(_BUILD_WORDS):
            await self._next_word()
            if self._took(model, name, before):
                return
            if await self.model() != model:
                raise ServiceRefusedError(
                    f'{self.name} could not take {name} and goes on as before: {self._said}'
                )
        raise ServiceRefusedError(
            f'{self.name} has been building the engine of {name} for too long: see its log'
        )

    def _took(self, model: str, name: str, before: str | None) -> bool:
        """Return whether it runs what it was told: that model, or another that it has chosen."""
        runs = self._heard.get('model')
        if _is_one(model):
            return runs == name
        return runs is not None and runs != before

    async def _chosen(self) -> str:
        """Return the name of the model that the node has chosen by itself."""
        if not await self._waiting.until(lambda: 'model' in self._heard, _ANSWER_S):
            raise ServiceRefusedError(
                f'{self.name} does not say on /diagnostics which model it runs: set base_model'
            )
        return self._heard['model']

    async def _next_word(self) -> None:
        """Wait for what the node says next on /diagnostics."""
        before = self._count
        if not await self._waiting.until(lambda: self._count > before, _ANSWER_S):
            raise ServiceRefusedError(
                f'{self.name} has accepted the model, and has not been heard on /diagnostics '
                'since: see its log'
            )

    async def _values(self, *names: str) -> list[str]:
        answer = await self._ask(self._get, GetParameters.Request(names=list(names)))
        values = [value.string_value for value in answer.values]
        if len(values) != len(names) or not all(values):
            raise ServiceRefusedError(
                f'{self.name} has no parameter {" and ".join(names)}: is it a superres node?'
            )
        return values

    async def _ask(self, client: Any, request: Any) -> Any:
        if not await self._waiting.until(client.service_is_ready, _ANSWER_S):
            raise ServiceRefusedError(
                f'there is no superres node {self.name}: start it, or set the parameter superres '
                'to its name'
            )
        future = client.call_async(request)
        if not await self._waiting.until(future.done, _ANSWER_S):
            client.remove_pending_request(future)
            raise ServiceRefusedError(f'{self.name} does not answer')
        return future.result()

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.hardware_id == self.name:
                self._heard = {item.key: item.value for item in status.values}
                self._said = status.message
                self._count += 1


def _is_one(model: str) -> bool:
    """Return whether a parameter names a model, and does not leave the choice to the node."""
    try:
        find_model(model)
    except ModelError:
        return False
    return True
