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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stand_in import write_stand_in

from cdst_ros.learning.job import Order
from cdst_ros.learning.workshop import Workshop, wait_for
from cdst_ros.superres.store import shipped_models


@pytest.fixture
def room(tmp_path: Path) -> Path:
    from rooms import record

    return record(tmp_path / 'room', 40, size=(16, 12), rate_hz=5.0)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path / 'jobs')
    yield made
    job = made.cancel()
    if job is not None:
        wait_for(made, job, 20.0)
        made.kill(job)


@pytest.fixture
def order(room: Path, tmp_path: Path) -> Callable[..., Order]:
    """Return a maker of orders whose training is a stand-in that takes a moment."""

    def make(behave: str = '', pause: float = 0.02, **values: Any) -> Order:
        base = shipped_models()['fast_x4']
        stand_in = write_stand_in(tmp_path / 'python', base, behave, pause)
        values = {'steps': 10, 'gap_s': 0.5, 'held_out': 0.3, **values}
        return Order(
            recording=str(room),
            base=str(base),
            name='new',
            priority='normal',
            python=str(stand_in),
            **values,
        )

    return make
