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
"""The operator: does with the trainer node what a person would, from collecting to accepting."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_msgs.msg import String
from std_srvs.srv import Trigger

from cdst_ros.nodes.announce import Announcer
from cdst_ros.nodes.declared import DeclaredParameters, parameter
from cdst_ros.nodes.learning.waiting import Waiting
from cdst_ros.nodes.process import run_until_done
from cdst_ros.nodes.services import ServiceRefusedError

#: How long a service may take to answer: an engine may have to be built [s].
_ANSWER_S = 900.0
#: How long the trainer may take to appear [s].
_APPEAR_S = 60.0
_DAY_S = 86400.0


@dataclass(frozen=True)
class OperatorParameters(DeclaredParameters):
    """One consistent set of values; a field for each ROS parameter. All are fixed at start."""

    trainer: str = parameter(
        'trainer', 'The trainer node, in this namespace, or with its own.', read_only=True
    )
    frames: int = parameter(
        100, 'Frames to collect before training.', between=(1, 10**6), read_only=True
    )
    patience: float = parameter(
        30.0,
        'Train on what there is when no frame has been kept for so long [s].',
        between=(0.1, 3600.0),
        read_only=True,
    )
    events: bool = parameter(
        False, 'Tell what happens in JSON lines on standard output.', read_only=True
    )


class OperatorNode(Node):  # type: ignore[misc]
    """
    Calls the trainer's services one after the other, and follows its latched status.

    It collects so many frames, has them trained on, and accepts what is offered.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('operator', **arguments)
        OperatorParameters.declare(self)
        self._settings = OperatorParameters.read(self)
        self._announcer = Announcer(self._settings.events)
        self._waiting = Waiting(self)
        self._told: dict[str, Any] = {}
        #: Whether it has done all, or can do no more.
        self.done = False
        #: Whether it could not.
        self.failed = False
        latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(
            String,
            f'{self._settings.trainer}/status',
            self._on_status,
            latched,
            callback_group=ReentrantCallbackGroup(),
        )

    def start(self) -> bool:
        """Begin."""
        self.executor.create_task(self._through)
        return True

    def destroy_node(self) -> None:
        """Withdraw from the graph."""
        self._waiting.close()
        super().destroy_node()

    async def _through(self) -> None:
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            self._collect,
            self._train,
            self._accept,
        )
        try:
            for step in steps:
                await step()
        except ServiceRefusedError as error:
            self.failed = True
            self._announcer.say('gave_up', reason=str(error))
            self.get_logger().fatal(str(error))
        self.done = True

    async def _collect(self) -> None:
        """Collect until there are enough frames, or no more come."""
        await self._call('start_collecting')
        kept = first = int(self._part('collecting').get('frames', 0))
        since_s = time.monotonic()
        while kept < self._settings.frames:
            now = int(self._part('collecting').get('frames', 0))
            if now != kept:
                kept, since_s = now, time.monotonic()
                self._announcer.say('collected', frames=kept, wanted=self._settings.frames)
            # The camera may not have begun yet.
            if kept > first and time.monotonic() - since_s > self._settings.patience:
                break
            await self._waiting.until(lambda: False, 0.2)
        await self._call('stop_collecting')

    async def _train(self) -> None:
        """Train, and follow that until there is an offer, or there will be none."""
        self._announcer.say('training', said=await self._call('train'))
        began = False
        while True:
            await self._waiting.until(lambda: False, 0.2)
            part = self._part('learning')
            job = part.get('job', {})
            began = began or part.get('state') in ('training', 'judging')
            if job:
                self._announcer.say(
                    'trained', stage=job['stage'], step=job['step'], steps=job['steps']
                )
            if part.get('offer'):
                self._announcer.say('offered', **part['offer'])
                return
            if began and part.get('state') == 'idle':
                raise ServiceRefusedError(
                    f'there is no offer: {job.get("reason") or part.get("remark") or job}'
                )

    async def _accept(self) -> None:
        self._announcer.say('accepted', said=await self._call('accept'))

    async def _call(self, service: str) -> str:
        """Call a service of the trainer; return what it says."""
        name = f'{self._settings.trainer}/{service}'
        client = self.create_client(Trigger, name, callback_group=ReentrantCallbackGroup())
        try:
            if not await self._waiting.until(client.service_is_ready, _APPEAR_S):
                raise ServiceRefusedError(f'there is no service {self.resolve_service_name(name)}')
            future = client.call_async(Trigger.Request())
            if not await self._waiting.until(future.done, _ANSWER_S):
                raise ServiceRefusedError(f'{service} does not answer')
            answer = future.result()
        finally:
            self.destroy_client(client)
        if not answer.success:
            raise ServiceRefusedError(f'{service}: {answer.message}')
        self.get_logger().info(f'{service}: {answer.message}')
        return str(answer.message)

    def _part(self, name: str) -> dict[str, Any]:
        return dict(self._told.get(name, {}))

    def _on_status(self, msg: String) -> None:
        self._told = json.loads(msg.data)


def main(args: Sequence[str] | None = None) -> int:
    """Run the operator until it is done, or a signal; 1 when it could not do it."""
    return run_until_done(OperatorNode, OperatorNode.start, args)


if __name__ == '__main__':
    sys.exit(main())
