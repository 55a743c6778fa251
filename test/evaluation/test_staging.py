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
import subprocess
import sys
from pathlib import Path

import pytest

from cdst_ros.evaluation.staging import OutputExistsError, staged


def test_output_takes_its_name_when_it_is_whole(tmp_path):
    out = tmp_path / 'deep' / 'out.png'
    with staged(out) as path:
        path.write_text('whole')
        assert not out.exists()
    assert out.read_text() == 'whole'
    assert [f.name for f in out.parent.iterdir()] == ['out.png']


def fail(path):
    path.mkdir()
    path.mkdir()


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(FileExistsError), staged(tmp_path / 'out') as path:
        fail(path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_unless_it_may_give_way(tmp_path):
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'old').write_text('old')
    with pytest.raises(OutputExistsError, match='--force'), staged(out):
        pass
    with pytest.raises(FileExistsError), staged(out, replace=True) as path:
        fail(path)
    assert (out / 'old').read_text() == 'old'
    with staged(out, replace=True) as path:
        path.mkdir()
        (path / 'new').write_text('new')
    assert [f.name for f in out.iterdir()] == ['new']
    assert [f.name for f in tmp_path.iterdir()] == ['out']


def test_a_kill_leaves_no_output_and_the_next_run_clears_up(tmp_path):
    script = (
        'import os, signal, sys\nfrom pathlib import Path\n'
        'from cdst_ros.evaluation.staging import staged\n'
        'with staged(Path(sys.argv[1])) as path:\n'
        '    path.write_text("half")\n'
        '    os.kill(os.getpid(), signal.SIGKILL)\n'
    )
    out = tmp_path / 'out.png'
    root = Path(__file__).parents[2]
    process = subprocess.run([sys.executable, '-c', script, str(out)], cwd=root, check=False)
    assert process.returncode == -9
    assert not out.exists()
    assert list(tmp_path.iterdir())
    with staged(out) as path:
        path.write_text('whole')
    assert [f.name for f in tmp_path.iterdir()] == ['out.png']
