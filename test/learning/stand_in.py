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
"""A stand-in for the interpreter that trains, which takes a moment."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

#: Counts to ``max_steps`` where it is to train, and goes on from where it was. At step 5 it waits
#: for as long as there is a file ``hold`` beside it.
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
    run = Path(words['runs'], words['name'])
    run.mkdir(parents=True, exist_ok=True)
    while step < int(words['max_steps']):
        if step == 5 and behave.startswith('stumble'):
            print('cdst-ros: the camera fell', flush=True)
            sys.exit(65 if behave == 'stumble for good' else 1)
        while step == 5 and Path({hold!r}).exists():
            time.sleep(0.01)
        step += 1
        (run / 'last.ckpt').write_text(str(step))
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


def write_stand_in(path: Path, model: Path, behave: str = '', pause: float = 0.02) -> Path:
    """
    Write a stand-in that exports a model that is there.

    :param behave: nothing, or how it fails
    :param pause: that a step takes [s]
    """
    script = STAND_IN.format(
        python=sys.executable,
        behave=behave,
        pause=pause,
        model=str(model),
        hold=str(path.with_name('hold')),
    )
    # Put in place at once: what is being written to cannot be run.
    partial = path.with_name(f'{path.name}.new')
    partial.write_text(script)
    partial.chmod(partial.stat().st_mode | stat.S_IXUSR)
    os.replace(partial, path)
    return path
