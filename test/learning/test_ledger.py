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
import shutil

import pytest

from cdst_ros.learning.job import JobError
from cdst_ros.learning.ledger import Ledger
from cdst_ros.superres.store import shipped_models


def test_models_are_kept_and_taken_back(tmp_path):
    ledger = Ledger(tmp_path / 'accepted')
    assert ledger.last() is None
    source = tmp_path / 'mine.onnx'
    shutil.copyfile(shipped_models()['fast_x4'], source)
    kept = ledger.keep(source)
    ledger.add(kept, 'auto', 'lite_x4', 'better')
    source.unlink()
    again = Ledger(tmp_path / 'accepted')
    last = again.last()
    assert (last.name, last.replaced, last.replaced_name) == ('fast_x4', 'auto', 'lite_x4')
    assert last.sentence == 'better'
    assert last.file == str(kept)
    assert kept.read_bytes() == shipped_models()['fast_x4'].read_bytes()
    again.take_back()
    assert ledger.last() is None
    assert kept.exists()


def test_models_of_one_name_do_not_overwrite_each_other(tmp_path):
    ledger = Ledger(tmp_path / 'accepted')
    first = ledger.keep(shipped_models()['fast_x4'])
    assert ledger.keep(shipped_models()['fast_x4']) == first
    import onnx

    model = onnx.load(str(shipped_models()['fast_x4']))
    model.doc_string = 'another'
    onnx.save(model, tmp_path / 'other.onnx')
    second = ledger.keep(tmp_path / 'other.onnx')
    assert second != first
    assert first.read_bytes() == shipped_models()['fast_x4'].read_bytes()


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    (tmp_path / 'accepted.json').write_text('{')
    with pytest.raises(JobError, match=r'accepted\.json is damaged .* remove it'):
        Ledger(tmp_path).last()
