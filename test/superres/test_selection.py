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
"""Which of the shipped models is taken, by a stopwatch that says what a test wants."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('openvino', reason='candidates are of openvino and onnxruntime')
pytest.importorskip('onnxruntime', reason='candidates are of openvino and onnxruntime')

from cdst_ros.superres import selection
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.selection import (
    Candidate,
    Stopwatch,
    Timing,
    candidates,
    open_best,
    select,
)
from cdst_ros.superres.store import find_model

SIZE = (24, 32)
VNNI = 'flags : avx2 avx512_vnni\n'


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


@pytest.fixture
def vnni(monkeypatch):
    monkeypatch.setattr(selection, '_cpuinfo', lambda: VNNI)


def takes(times: dict[str, float], spread: float = 0.05):
    """Return a stopwatch by model and precision, and what it was asked."""
    asked = []

    def stopwatch(candidate: Candidate) -> Timing:
        asked.append(candidate)
        return Timing(times[f'{candidate.model} {candidate.precision}'], spread)

    return stopwatch, asked


TIMES = {
    'strong_x4 f32': 200.0, 'strong_x4 int8': 100.0,
    'lite_x4 f32': 25.0, 'lite_x4 int8': 15.0,
    'fast_x4 f32': 10.0, 'fast_x4 int8': 8.0,
}  # fmt: skip


def test_the_strongest_come_first_and_int8_only_where_it_pays(monkeypatch, vnni):
    found = candidates(4)
    names = [(one.model, one.precision, one.engine) for one in found]
    assert names[:3] == [
        ('strong_x4', 'f32', 'openvino'),
        ('strong_x4', 'f32', 'onnxruntime'),
        ('strong_x4', 'int8', 'openvino'),
    ]
    assert list(dict.fromkeys(name for name, *_ in names)) == ['strong_x4', 'lite_x4', 'fast_x4']

    monkeypatch.setattr(selection, '_cpuinfo', lambda: 'flags : avx2\n')
    assert {one.precision for one in candidates(4)} == {'f32'}
    monkeypatch.setattr(selection, '_cpuinfo', lambda: 'Features : asimd asimddp i8mm\n')
    assert {one.precision for one in candidates(4)} == {'f32'}


def test_an_engine_that_was_named_is_the_only_one():
    assert {one.engine for one in candidates(4, 'onnxruntime')} == {'onnxruntime'}
    with pytest.raises(ModelError, match='name a model'):
        candidates(4, 'tensorrt')
    with pytest.raises(ModelError, match='enlarges by 3'):
        candidates(3)


@pytest.mark.parametrize(
    ('rate', 'chosen'),
    [
        (2.5, 'strong_x4 f32'),
        (5.0, 'strong_x4 int8'),
        (20.0, 'lite_x4 f32'),
        (60.0, 'fast_x4 f32'),
    ],
)
def test_the_strongest_that_holds_the_rate_is_taken(vnni, rate, chosen):
    stopwatch, asked = takes(TIMES)

    found = select(candidates(4), SIZE, rate, stopwatch)

    assert f'{found.candidate.model} {found.candidate.precision}' == chosen
    assert asked[-1] == found.candidate
    assert f'32x24 px at {rate:g} Hz' in found.reason
    assert 'strong_x4 in f32 on openvino 200.0 ms' in found.reason


def test_where_none_holds_the_rate_the_cheapest_is_taken_and_it_is_said(vnni):
    stopwatch, _ = takes(TIMES)

    found = select(candidates(4), SIZE, 500.0, stopwatch)

    assert found.candidate.model == 'fast_x4'
    assert 'none holds this rate' in found.reason


def test_unsteady_times_choose_nothing(vnni):
    """Whichever way they come out, what is taken is the same."""
    taken = set()
    for factor in (0.7, 1.0, 1.3):
        times = {name: factor * ms for name, ms in TIMES.items()}
        stopwatch, _ = takes(times, spread=0.9)
        found = select(candidates(4), SIZE, 20.0, stopwatch)
        assert 'unsteady' in found.reason
        taken.add(found.candidate)
    assert len(taken) == 1


def test_a_steady_time_is_kept_for_that_size_machine_and_model(tmp_path, monkeypatch):
    candidate = Candidate('fast_x4', find_model('fast_x4'), 'f32', 'onnxruntime')
    stopwatch = Stopwatch(SIZE, 1)
    monkeypatch.setattr(Stopwatch, '_time', lambda *_: Timing(5.0, 0.1))
    assert stopwatch(candidate) == Timing(5.0, 0.1)
    (kept,) = (tmp_path / 'cache').rglob('*.timing')
    assert json.loads(kept.read_text()) == {'ms': 5.0, 'spread': 0.1}

    monkeypatch.setattr(Stopwatch, '_time', lambda *_: Timing(7.0, 0.1))
    assert Stopwatch(SIZE, 1)(candidate).ms == 5.0
    assert Stopwatch((48, 32), 1)(candidate).ms == 7.0
    assert Stopwatch(SIZE, 2)(candidate).ms == 7.0
    kept.write_text('{"ms": ')
    assert Stopwatch(SIZE, 1)(candidate).ms == 7.0


def test_an_unsteady_time_is_not_kept(tmp_path, monkeypatch):
    candidate = Candidate('fast_x4', find_model('fast_x4'), 'f32', 'onnxruntime')
    monkeypatch.setattr(Stopwatch, '_time', lambda *_: Timing(5.0, 0.8))
    Stopwatch(SIZE, 1)(candidate)
    assert not list(tmp_path.rglob('*.timing'))


def test_a_folder_that_can_not_be_written_costs_the_memory_only(tmp_path):
    candidate = Candidate('fast_x4', find_model('fast_x4'), 'f32', 'onnxruntime')
    (tmp_path / 'file').write_text('')
    assert Stopwatch(SIZE, 1, Path(tmp_path / 'file' / 'folder'))(candidate).ms > 0


@pytest.mark.parametrize(('size', 'part'), [(None, 'not known yet'), (SIZE, '32x24 px at 0.5 Hz')])
def test_what_is_opened_says_why(size, part):
    engine = open_best(4, size, 0.5, threads=1)

    assert part in engine.info.reason
    assert engine.info.scale == 4
    out = engine.infer(np.full(SIZE, 2, np.float32), np.ones(SIZE, np.bool_))
    assert out.depth.shape == (96, 128)
    engine.close()
