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
"""The half of the trainer node that has models trained, and hands them to the superres node."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from cdst_ros.learning.alone import alone
from cdst_ros.learning.job import ENDED, Job, JobError, Order, Status
from cdst_ros.learning.ledger import Ledger
from cdst_ros.learning.naming import adapted_name
from cdst_ros.learning.offer import Offer
from cdst_ros.learning.workshop import Workshop, can_go_on
from cdst_ros.nodes.learning.inbox import Inbox
from cdst_ros.nodes.learning.parameters import DeskParameters
from cdst_ros.nodes.learning.superres import SuperresClient
from cdst_ros.nodes.learning.waiting import Waiting
from cdst_ros.nodes.services import ServiceRefusedError, serve
from cdst_ros.superres.contract import read_conversion, read_metadata
from cdst_ros.superres.store import find_model
from cdst_ros.synthetic import lasting_name

#: How long a training may take to end when it is cancelled, before it is killed [s].
_CANCEL_S = 15.0
#: How long a call waits for one that is being answered [s].
_PATIENCE_S = 30.0
#: File of a job: what became of its offer.
_DECIDED = 'decided'
#: What to do about one that failed on its way.
_GO_ON = 'Call ~/train, and it goes on from its last checkpoint'
#: A job whose process has gone is started again after so long at the earliest [s].
_AGAIN_S = 5.0


class TrainingDesk:
    """
    Has models trained on the recording, and offers them; a part of the trainer node.

    ``~/train`` begins a job, ``~/cancel_training`` ends it, ``~/accept`` hands the model on offer
    to the superres node, and ``~/rollback`` brings back what ran before. A job is a process of
    its own that outlives this node; one that was interrupted goes on when the node is active.

    :param recording: tells the folder of the recording
    """

    def __init__(self, node: LifecycleNode, recording: Callable[[], Path]) -> None:
        self._node = node
        self._recording = recording
        DeskParameters.declare(node)
        self._chosen = DeskParameters.read(node)
        self._state = 'unconfigured'
        self._waiting = Waiting(node)
        self._superres: SuperresClient | None = None
        self._workshop = Workshop(self._chosen.folder / 'jobs')
        self._ledger = Ledger(self._chosen.folder / 'accepted')
        self._inbox = Inbox(self._chosen.folder / 'offers')
        self._held = ExitStack()
        self._doing = ''
        self._offer: Offer | None = None
        self._offered_by: Job | None = None
        self._seen: Path | None = None
        self._remark = ''
        self._restored = False
        self._resumed_s = -_AGAIN_S
        services: dict[str, Callable[[], Awaitable[str]]] = {
            'train': self._train,
            'cancel_training': self._cancel,
            'accept': self._accept,
            'rollback': self._rollback,
        }
        for name, do in services.items():
            serve(node, f'~/{name}', partial(self._alone, name, do))

    def names(self) -> tuple[str, ...]:
        """Return the names of the part's parameters."""
        return DeskParameters.names()

    def check(self, changes: Iterable[Parameter]) -> None:
        """
        Check that its parameters may change so.

        :raises ValueError: names the parameter, its value, and what to do
        """
        held = DeskParameters.read(self._node)
        new = held.changed(changes)
        new.check()
        fixed = new.differing(held) & {'learning', 'superres'}
        if fixed and self._state != 'unconfigured':
            raise ValueError(
                f'{", ".join(sorted(fixed))} cannot change while the node is configured: clean it '
                'up first'
            )

    def apply(self) -> None:
        """Bring the parameters that the node holds now into effect: with the next job."""
        self._chosen = DeskParameters.read(self._node)

    def configure(self) -> None:
        """
        Check the parameters, and look who runs models.

        :raises ValueError: why it cannot, and what to do
        :raises OSError: when the folder cannot be made
        """
        self._chosen.check()
        folder = self._chosen.folder
        self._workshop = Workshop(folder / 'jobs')
        self._ledger = Ledger(folder / 'accepted')
        self._inbox = Inbox(folder / 'offers')
        self._inbox.folder.mkdir(parents=True, exist_ok=True)
        self._hold(folder)
        self._inbox.bring_back()
        self._ledger.entries()
        self._waiting = Waiting(self._node)
        self._superres = SuperresClient(self._node, self._waiting, self._chosen.superres)
        self._state = 'inactive'

    def _hold(self, folder: Path) -> None:
        """Keep other trainer nodes out of the folder."""
        self._held.close()
        if self._held.enter_context(alone(folder)) is None:
            raise JobError(
                f'another trainer node learns in {folder}: end it, or give another folder by the '
                'parameter learning'
            )

    def activate(self) -> None:
        """Have an interrupted job go on, and what was accepted run again."""
        self._state = 'active'
        self._restored = False

    def deactivate(self) -> None:
        """Look after nothing any more; a job goes on."""
        if self._state != 'unconfigured':
            self._state = 'inactive'

    def release(self) -> None:
        """Withdraw from the graph; a job goes on."""
        self._waiting.close()
        if self._superres is not None:
            self._superres.destroy()
        self._superres = None
        self._held.close()
        self._offer = self._offered_by = self._seen = None
        self._doing = self._remark = ''
        self._state = 'unconfigured'

    def tick(self) -> None:
        """Look how the job is doing, what has arrived, and what should run."""
        if self._state != 'active' or self._doing:
            return
        try:
            self._look()
        except (ValueError, OSError) as error:
            self._remark = str(error)

    def status(self) -> dict[str, Any]:
        """Return state and progress as JSON values."""
        job = self._workshop.latest() if self._state != 'unconfigured' else None
        last = self._ledger.last() if self._state != 'unconfigured' else None
        return {
            'state': self._told_state(job),
            'job': {} if job is None else self._told_job(job),
            'offer': {} if self._offer is None else self._offer.to_json(),
            'accepted': '' if last is None else last.name,
            'remark': self._remark,
        }

    def _told_job(self, job: Job) -> dict[str, Any]:
        told = _told(job)
        if told['state'] not in ENDED and not told['reason']:
            told['reason'] = self._workshop.waits_for_room(job)
        return told

    def health(self) -> DiagnosticStatus:
        """Return the same for a person who looks at /diagnostics."""
        told = self.status()
        job, offer = told['job'], told['offer']
        level, message = DiagnosticStatus.OK, told['state']
        if told['state'] in ('training', 'judging'):
            message = f'{job["stage"]}, step {job["step"]} of {job["steps"]}'
            if job['reason']:
                level, message = DiagnosticStatus.WARN, job['reason']
        elif offer:
            message = f'{offer["model"]} is on offer: call ~/accept to take it'
        elif job and job['state'] == 'failed':
            level = DiagnosticStatus.WARN
            message = f'the last training failed: {_fault(job)}'
        if self._remark:
            level, message = DiagnosticStatus.WARN, self._remark
        values = {
            **{f'job {key}': value for key, value in job.items()},
            'offer': offer.get('says', ''),
            'report': offer.get('page') or offer.get('report', ''),
            'accepted': told['accepted'],
        }
        return DiagnosticStatus(
            level=level,
            message=message,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )

    async def _alone(self, name: str, do: Callable[[], Awaitable[str]]) -> str:
        """Do one thing at a time, in the state in which it can be done."""
        if self._state != 'active':
            raise ServiceRefusedError(f'the node is {self._state}: activate it first')
        end_s = time.monotonic() + _PATIENCE_S
        while self._doing:  # of several that wait, one goes first
            left_s = end_s - time.monotonic()
            if not await self._waiting.until(lambda: not self._doing, left_s):
                raise ServiceRefusedError(f'{self._doing} is being done: wait for its answer')
        self._doing = name
        try:
            return await do()
        finally:
            self._doing = ''

    async def _train(self) -> str:
        """Begin to train on the recording as it is now."""
        chosen, recording = self._chosen, self._recording()
        if chosen.interpreter == sys.executable and find_spec('torch') is None:
            raise ServiceRefusedError(
                f'there is no torch here to train with. Copy {recording} to a workstation, run '
                f'`cdst-ros adapt {recording.name} --from MODEL` there, and copy the .onnx file '
                f'into {self._inbox.folder}; or set python to an environment that has torch'
            )
        path = await self._base()
        order = self._order(str(path), name=adapted_name(path, recording))
        failed = self._workshop.failed_before(order)
        if failed is not None:
            return await self._take_up(failed, order)
        job = await self._waiting.apart(lambda: self._workshop.start(order))
        withdrawn = self._withdraw()
        return (
            f'training {order.name} from {read_metadata(path).name} on {recording}, {order.steps} '
            f'steps; it goes on without this node. Progress: ~/status and {job.folder}. An offer '
            f'follows if it is better{withdrawn}'
        )

    async def _take_up(self, job: Job, order: Order) -> str:
        """Have a job go on that has failed."""
        reason, name = job.status().reason, job.order().name
        await self._waiting.apart(lambda: self._workshop.take_up(job, order))
        self._seen = None
        return (
            f'{name} goes on from its last checkpoint, with the frames that it began with. It had '
            f'failed: {reason}. Progress: ~/status and {job.folder}. To begin anew instead: '
            f'~/cancel_training, and ~/train once more{self._withdraw()}'
        )

    def _withdraw(self) -> str:
        """Take the offer back, for a training; return what becomes of it."""
        offer, job = self._offer, self._offered_by
        self._offer = self._offered_by = None
        self._remark = ''
        if offer is None:
            return ''
        if job is not None:
            return (
                f'. {offer.metadata.name} is no longer on offer, unless this one comes to nothing'
            )
        self._inbox.bring_back()
        return f'. {offer.metadata.name}, which could not be judged, is judged after it'

    async def _cancel(self) -> str:
        """End the training for good."""
        job = self._workshop.cancel()
        if job is None:
            raise ServiceRefusedError('nothing is being trained')
        step = job.progress().get('step', 0)
        if not await self._waiting.until(lambda: self._workshop.is_over(job), _CANCEL_S):
            self._workshop.kill(job)
        return f'{job.name} is cancelled after {step} steps; {job.folder} tells what it did'

    async def _accept(self) -> str:
        """Hand the model on offer to the superres node."""
        self._look_at_results()
        offer = self._offer
        if offer is None:
            raise ServiceRefusedError(self._why_no_offer())
        client = self._client()
        running = await client.running()
        refusal = offer.refusal(running.metadata)
        if refusal:
            raise ServiceRefusedError(refusal)
        kept = self._ledger.keep(offer.model)
        # Noted first: whoever is killed before the answer finds what was meant, and can go back.
        self._ledger.add(kept, running.model, running.metadata.name, offer.sentence)
        try:
            await client.take(str(kept), offer.metadata.name)
        except (ValueError, OSError):
            self._ledger.take_back()
            raise
        self._restored = True
        self._decide('accepted')
        return (
            f'{client.name} runs {offer.metadata.name} now, in place of {running.metadata.name}. '
            f'{offer.sentence} ~/rollback brings {running.metadata.name} back'
        )

    async def _rollback(self) -> str:
        """Bring back what ran before the last model that was accepted."""
        last = self._ledger.last()
        if last is None:
            raise ServiceRefusedError('no model has been accepted: there is nothing to bring back')
        client = self._client()
        before, runs = last.replaced_name, await client.model()
        if runs not in (last.file, last.replaced):
            raise ServiceRefusedError(
                f'{client.name} runs {runs}, which somebody has chosen since {last.name} was '
                f'accepted. To go back all the same: ros2 param set {client.name} model '
                f'{last.replaced}'
            )
        if runs != last.replaced:
            await client.take(last.replaced, before)
        self._ledger.take_back()
        return f'{client.name} runs {before} again; {last.file} is kept'

    def _look(self) -> None:
        job = self._workshop.latest()
        if job is not None and not job.status().ended:
            if self._workshop.is_minded() or self._workshop.waits_for_room(job):
                return
            if time.monotonic() > self._resumed_s + _AGAIN_S:
                self._resumed_s = time.monotonic()
                self._workshop.resume()
                self._node.get_logger().info(f'{job.name} goes on')
            return
        self._workshop.is_minded()  # take note of the process that has ended
        self._look_at_results()
        arrived = self._inbox.arrived()
        if arrived is not None:
            self._take_in(arrived)
        self._restore()

    def _look_at_results(self) -> None:
        """Offer what the last job has made, or the one before where that came to nothing; once."""
        job = self._workshop.latest()
        if job is None or not job.status().ended or job.folder == self._seen:
            return
        self._seen = job.folder
        status = job.status()
        if status.state == 'failed':
            self._node.get_logger().error(f'{job.name} failed: {_fault(_told(job))}')
        finished = self._workshop.last_finished()
        if finished is None or (finished / _DECIDED).exists():
            return
        offer = Offer.of(finished)
        if not offer.better:
            self._remark = f'no offer: {offer.sentence}'
            self._node.get_logger().warning(self._remark)
            return
        self._put_on_offer(offer, finished)

    def _put_on_offer(self, offer: Offer, job: Job | None) -> None:
        self._offer, self._offered_by, self._remark = offer, job, ''
        self._node.get_logger().info(
            f'{offer.metadata.name} is on offer. {offer.sentence} Report: '
            f'{offer.page or offer.report or "none"}. Call ~/accept to take it'
        )
        if self._chosen.auto_accept == 'better' and offer.better and offer.unseen:
            self._go(partial(self._alone, 'accept', self._accept))

    def _take_in(self, file: Path) -> None:
        """Have a model judged that somebody brought; offer it unjudged where that cannot be."""
        fault = self._inbox.fault(file)
        if fault:
            self._inbox.refuse(file)
            raise ServiceRefusedError(f'{file.name} is no model: {fault}')
        self._go(partial(self._alone, 'judging what has arrived', partial(self._judge, file)))

    async def _judge(self, file: Path) -> str:
        running = await self._client().running()
        name = read_metadata(file).name
        refusal = Offer.unjudged(file, '').refusal(running.metadata)
        if not refusal and name == running.metadata.name:
            refusal = f'{file.name} is called {name}, as what runs: give it another --name'
        if refusal:
            self._inbox.refuse(file)
            raise ServiceRefusedError(refusal)
        order = self._order(str(running.file), name, candidate=str(file))
        try:
            job = await self._waiting.apart(lambda: self._workshop.start(order))
        except ValueError as error:
            self._put_on_offer(Offer.unjudged(self._inbox.put_off(file), str(error)), None)
            return f'{file.name} has arrived, and cannot be judged: {error}'
        # Last: whoever is killed before this finds the model in its place, and judges it again.
        self._inbox.take(file)
        return f'{file.name} has arrived, and is being judged: {job.folder}'

    def _restore(self) -> None:
        """Have what was accepted run again, where superres was started with what it replaced."""
        if not self._client().is_there():
            # When it is back, it runs what its launch file names.
            self._restored = False
        elif not self._restored and self._ledger.last() is not None:
            self._restored = True
            self._go(partial(self._alone, 'restoring', self._run_accepted))

    async def _run_accepted(self) -> str:
        entries, client = self._ledger.entries(), self._client()
        last, runs = entries[-1], await client.model()
        # What was accepted first has replaced what the launch file names.
        if runs not in {entry.replaced for entry in entries}:
            return f'{client.name} runs {runs}, as it was told'
        await client.take(last.file, last.name)
        return f'{client.name} runs {last.name} again, which was accepted before'

    def _go(self, do: Callable[[], Awaitable[str]]) -> None:
        """Do what nobody asked for by a service; its answer is logged."""

        async def tell() -> None:
            try:
                self._node.get_logger().info(await do())
            except (ValueError, OSError) as error:
                # It may be tried again each second.
                if str(error) != self._remark:
                    self._node.get_logger().warning(str(error))
                self._remark = str(error)

        self._node.executor.create_task(tell)

    async def _base(self) -> Path:
        """Return the model to start from, in full precision."""
        chosen = self._chosen.base_model
        path = find_model(chosen) if chosen else (await self._client().running()).file
        converted_from = read_conversion(path).get('of')
        return find_model(converted_from) if converted_from else path

    def _order(self, base: str, name: str, candidate: str = '') -> Order:
        chosen = self._chosen
        return Order(
            recording=str(self._recording()),
            base=base,
            name=name,
            candidate=candidate,
            config=chosen.config,
            steps=chosen.steps,
            threads=chosen.train_threads,
            priority=chosen.priority,
            held_out=chosen.held_out,
            gap_s=chosen.gap,
            judge_frames=chosen.judge_frames,
            sensor=lasting_name(chosen.sensor),
            python=sys.executable if candidate else chosen.interpreter,
        )

    def _client(self) -> SuperresClient:
        assert self._superres is not None
        return self._superres

    def _decide(self, what: str) -> None:
        """Note what became of the offer, so that it is not made again."""
        if self._offered_by is not None:
            (self._offered_by / _DECIDED).write_text(f'{what}\n', encoding='utf-8')
        elif self._offer is not None:
            self._inbox.take(self._offer.model)
        self._offer = self._offered_by = None

    def _why_no_offer(self) -> str:
        job = self._workshop.latest()
        if job is None:
            return 'there is no offer: call ~/train, or copy a model into ' + str(
                self._inbox.folder
            )
        status = job.status()
        if not status.ended:
            return f'there is no offer yet: {job.name} is at work ({status.stage or "waiting"})'
        if status.state == 'failed':
            return f'there is no offer: the last training failed: {_fault(_told(job))}'
        if status.state == 'finished' and not (job / _DECIDED).exists():
            return (
                f'there is no offer: {job.result().get("sentence", "")} To run it all the same, '
                f'copy {job.model()} to where it stays, and: ros2 param set '
                f'{self._client().name} model COPY'
            )
        return f'there is no offer: {job.name} is {self._fate(job, status)}'

    @staticmethod
    def _fate(job: Job, status: Status) -> str:
        decided = job / _DECIDED
        return decided.read_text(encoding='utf-8').strip() if decided.exists() else status.state

    def _told_state(self, job: Job | None) -> str:
        if self._state != 'active':
            return self._state
        status = None if job is None else job.status()
        if status is not None and not status.ended:
            return 'judging' if status.stage in ('export', 'judge') else 'training'
        return 'offering' if self._offer is not None else 'idle'


def _fault(told: dict[str, Any]) -> str:
    """Return why a job failed, and what to do, from what is told of it."""
    return '. '.join(filter(None, (told['reason'], told.get('remedy'))))


def _told(job: Job) -> dict[str, Any]:
    """Return how far a job is, as JSON values."""
    try:
        status, order = job.status(), job.order()
    except JobError as error:
        return {'folder': str(job.folder), 'state': 'failed', 'reason': str(error)}
    progress = job.progress()
    return {
        'folder': str(job.folder),
        'model': order.name,
        'state': status.state,
        'stage': status.stage,
        'step': progress.get('step', 0),
        'steps': progress.get('steps', order.steps),
        'resumed': status.resumed,
        'reason': status.reason,
        'remedy': _GO_ON if can_go_on(job) else '',
    }
