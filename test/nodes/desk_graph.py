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
"""A trainer node beside a superres node, with a recording of a synthetic room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graph import Graph
from std_srvs.srv import Trigger
from trainer_graph import TrainerGraph

from cdst_ros.learning.job import RESULT, Job, Order, Status

#: Long enough for a training on a machine that does other things [s].
LONG_S = 600.0


def finished_job(learning: Path, model: Path, base: Path, *, better: bool = True) -> Job:
    """Leave a job behind that has made ``model``, as its processes would have."""
    folder = learning / 'jobs' / f'2026-{model.stem}'
    folder.mkdir(parents=True)
    job = Job.create(folder, Order(recording='/nowhere/room', base=str(base), name=model.stem))
    (folder / model.name).write_bytes(model.read_bytes())
    found = {
        'better': better,
        'unseen': True,
        'sentence': f'{model.stem} was judged.',
        'model': model.stem,
    }
    (folder / RESULT).write_text(json.dumps(found))
    job.write_status(Status(state='finished'))
    return job


class Desk:
    """Both nodes, and the folder that the trainer learns in."""

    def __init__(self, superres: Graph, trainer: TrainerGraph, learning: Path) -> None:
        self.superres = superres
        self.trainer = trainer
        self.learning = learning

    def call(self, service: str, timeout_s: float = LONG_S) -> Any:
        """Call a service of the trainer; return its answer."""
        future = self.begin(service)
        self.trainer.until(future.done, timeout_s)
        return future.result()

    def begin(self, service: str) -> Any:
        """Call a service of the trainer; return what its answer will be."""
        client = self.trainer.user.create_client(Trigger, f'trainer/{service}')
        self.trainer.until(client.service_is_ready)
        return client.call_async(Trigger.Request())

    def told(self) -> dict[str, Any]:
        """Return what the latched status said last of learning."""
        self.trainer.until(lambda: self.trainer.told)
        return dict(self.trainer.told[-1]['learning'])

    def until_told(self, timeout_s: float = LONG_S, **values: Any) -> dict[str, Any]:
        """Wait until the status says so; return it."""

        def found() -> dict[str, Any] | None:
            told = self.told()
            assert told['job'].get('state') != 'failed', told['job']
            return told if all(told[key] == value for key, value in values.items()) else None

        told: dict[str, Any] = self.trainer.until(found, timeout_s)
        return told

    def runs(self) -> str:
        """Return the model that superres says it runs, from now on."""
        # What it has said meanwhile waits to be read.
        self.superres.until(lambda: False, 0.3, strict=False)
        return {v.key: v.value for v in self.superres.status().values}['model']
