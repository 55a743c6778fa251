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
import pytest

from cdst_ros.evaluation.frame_scoring import FrameSums
from cdst_ros.evaluation.journal import Journal
from cdst_ros.evaluation.report import EvaluationError

OF = {'source': 'walk.mcap', 'methods': ['a']}


def sums(index, scale=2):
    return FrameSums(
        index=index,
        name=f'{index:06d}',
        stamp_ns=index,
        sequence='recording',
        scale=scale,
        step='first',
        has_camera=True,
        sums={'a': {'pixels': 0.1 + index, 'squares': 1 / 3}},
        latency_ms={'a': 0.7},
        clipped={'a': 0.0},
        broken={'a': (0, 1, 2)},
    )


def test_frames_come_back_as_they_were(tmp_path):
    file = tmp_path / 'new' / 'j.jsonl'
    with Journal(file, OF) as journal:
        assert len(journal) == 0
        for index in range(3):
            journal.add(sums(index))
        assert journal.get(1, 2) == sums(1)
    with Journal(file, OF) as journal:
        assert len(journal) == 3
        assert journal.get(2, 2) == sums(2)
        assert journal.get(2, 4) is None
        assert (0, 2) in journal
        assert (3, 2) not in journal
        journal.add(sums(3, scale=4))
        assert journal.get(3, 4) == sums(3, scale=4)


@pytest.mark.parametrize('cut', [1, 40, 150])
def test_what_a_kill_cut_is_written_again(tmp_path, cut):
    file = tmp_path / 'j.jsonl'
    with Journal(file, OF) as journal:
        journal.add(sums(0))
        journal.add(sums(1))
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    with Journal(file, OF) as journal:
        assert len(journal) == 1
        journal.add(sums(1))
    assert file.read_bytes() == whole


def test_a_first_line_that_was_cut_is_written_again(tmp_path):
    file = tmp_path / 'j.jsonl'
    with Journal(file, OF):
        pass
    whole = file.read_bytes()
    file.write_bytes(whole[:9])
    with Journal(file, OF):
        pass
    assert file.read_bytes() == whole


def test_another_evaluation_is_refused_and_left_alone(tmp_path):
    file = tmp_path / 'j.jsonl'
    with Journal(file, OF) as journal:
        journal.add(sums(0))
    whole = file.read_bytes()
    with pytest.raises(EvaluationError, match=r'another evaluation \(methods differ\).*--resume'):
        Journal(file, {**OF, 'methods': ['b']})
    assert file.read_bytes() == whole


@pytest.mark.parametrize('text', ['no journal', 'no journal\n', '{"of": 3}\n[]\n'])
def test_any_other_file_is_refused_and_left_alone(tmp_path, text):
    file = tmp_path / 'notes.txt'
    file.write_text(text)
    with pytest.raises(EvaluationError, match='is no journal of an evaluation'):
        Journal(file, OF)
    assert file.read_text() == text
