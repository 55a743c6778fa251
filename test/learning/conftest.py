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
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cdst_ros.learning.job import Order
from cdst_ros.learning.workshop import Workshop, wait_for
from cdst_ros.superres.store import shipped_models

#: An interpreter that counts to ``max_steps`` where it is to train, and goes on from where it was.
STAND_IN = """#!{python}
import json, os, shutil, signal, sys, time
from pathlib import Path
words = dict(word.split('=', 1) for word in sys.argv if '=' in word)
if 'train' in sys.argv:
    file = Path(sys.argv[sys.argv.index('--progress') + 1])
    step = json.loads(file.read_text())['step'] if file.exists() else 0
    print('began at', step, flush=True)
    behave = {behave!r}
    if behave == 'break':
        sys.exit('cdst-ros: the data are of another kind')
    if behave == 'die':
        os.kill(os.getpid(), signal.SIGKILL)
    if behave == 'stubborn':
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while step < int(words['max_steps']):
        step += 1
        partial = file.with_suffix('.new')
        partial.write_text(json.dumps({{'step': step, 'steps': int(words['max_steps'])}}))
        partial.replace(file)
        time.sleep({pause})
elif 'export' in sys.argv:
    shutil.copyfile({model!r}, sys.argv[sys.argv.index('--out') + 1])
elif 'cdst_ros.learning.judge' in sys.argv:
    Path(sys.argv[-1], 'result.json').write_text(json.dumps({{'better': True, 'sentence': 'ok'}}))
else:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


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
        stand_in = tmp_path / 'python'
        stand_in.write_text(
            STAND_IN.format(python=sys.executable, behave=behave, pause=pause, model=str(base))
        )
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
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
