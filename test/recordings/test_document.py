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
import re
from pathlib import Path

from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.verify import verify

from .walks import record

DOCUMENT = Path(__file__).parents[2] / 'docs' / 'recordings.md'


def test_the_python_of_the_document_runs(tmp_path, monkeypatch, capsys):
    record(tmp_path / 'walk', [(1, 2)], reference=True)
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r'```python\n(.*?)```', DOCUMENT.read_text(), re.DOTALL)
    assert len(snippets) == 2
    exec('\n'.join(snippets), {})
    assert Recording('walk').fingerprint in capsys.readouterr().out
    assert Recording('mine').sequences[0].entry.dropped == {'dark': 9}
    assert verify('mine').sound
