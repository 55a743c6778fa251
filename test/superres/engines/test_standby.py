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
"""Which of two engines a frame runs on."""

import logging
from dataclasses import replace
from threading import Event

import numpy as np
import pytest

from cdst_ros.superres.engine import EngineError, Inference, ModelError
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.engines.standby import StandbyEngine

SIZE = (6, 8)


class SlowEngine:
    """Bilinear, once it was made ready."""

    def __init__(self, failure=None, factor=1.0):
        self._real = open_engine(None, 'bilinear', scale=2)
        self.info = replace(self._real.info, engine='slow')
        self.sizes = set()
        self.failure = failure
        self.factor = np.float32(factor)
        self.prepared = 0
        self.closed = False
        self.broken = None

    def ready(self, size):
        return size in self.sizes

    def prepare(self, size, report, cancelled):
        self.prepared += 1
        report('half way')
        if self.failure is not None:
            raise self.failure
        if cancelled.is_set():
            raise EngineError('no longer wanted')
        self.sizes.add(size)

    def infer(self, depth, valid, rgb=None):
        assert depth.shape in self.sizes
        if self.broken:
            raise self.broken
        out = self._real.infer(depth, valid, rgb)
        return Inference(out.depth * self.factor, out.sigma, out.valid)

    def close(self):
        self.closed = True


def frame(size=SIZE, seed=0):
    depth = np.random.default_rng(seed).uniform(1, 2, size).astype(np.float32)
    return depth, np.ones(size, bool)


def pair(wait=False, **slow):
    return StandbyEngine(SlowEngine(**slow), open_engine(None, 'bilinear', scale=2), wait=wait)


def ran_on(engine, *arguments):
    engine.infer(*arguments)
    return engine.info.engine


def test_live_frames_run_on_the_standby_until_the_slow_one_is_ready_and_agrees(caplog):
    caplog.set_level(logging.INFO)
    engine = pair()
    assert engine.info.engine == 'bilinear'
    assert not engine.wants(SIZE)
    assert ran_on(engine, *frame()) == 'bilinear'
    assert engine.wants(SIZE)
    reports = []
    engine.prepare(SIZE, reports.append)

    assert reports == ['half way']
    assert not engine.wants(SIZE)
    assert ran_on(engine, *frame(seed=1)) == 'slow'
    assert engine.refusals == ()
    assert 'slow takes over for 8x6 px' in caplog.text


def test_a_size_that_was_not_prepared_runs_on_the_standby_and_back():
    engine = pair()
    engine.infer(*frame())
    engine.prepare(SIZE)

    assert ran_on(engine, *frame((4, 4))) == 'bilinear'
    assert engine.wants((4, 4))
    assert ran_on(engine, *frame()) == 'slow'


def test_a_size_that_was_dropped_is_prepared_again_without_a_new_check():
    engine = pair()
    engine.infer(*frame())
    engine.prepare(SIZE)
    engine.slow.sizes.clear()

    assert ran_on(engine, *frame()) == 'bilinear'
    assert engine.wants(SIZE)
    engine.prepare(SIZE)
    assert ran_on(engine, *frame()) == 'slow'


def test_a_frame_without_anything_valid_is_nothing_to_check_on():
    engine = pair()
    depth, valid = frame()
    engine.infer(depth, np.zeros_like(valid))

    assert not engine.wants(SIZE)
    with pytest.raises(EngineError, match='no frame of 8x6 pixels'):
        engine.prepare(SIZE)


@pytest.mark.parametrize(
    ('slow', 'part'),
    [
        ({'factor': 1.1}, 'does not find what bilinear finds'),
        ({'factor': np.nan}, 'does not find what bilinear finds'),
        ({'failure': EngineError('it can not be built')}, 'it can not be built'),
        ({'failure': ModelError('an operator is unknown')}, 'an operator is unknown'),
        ({'failure': RuntimeError('nobody thought of it')}, 'nobody thought of it'),
    ],
)
def test_a_slow_engine_that_can_not_be_used_leaves_the_standby(slow, part, caplog):
    engine = pair(**slow)
    engine.infer(*frame())
    with pytest.raises((EngineError, ModelError, RuntimeError), match=part):
        engine.prepare(SIZE)

    assert not engine.wants(SIZE)
    assert ran_on(engine, *frame()) == 'bilinear'
    assert part in engine.refusals[0]
    assert 'bilinear goes on' in caplog.text


@pytest.mark.parametrize('error', [EngineError('the GPU fell off'), RuntimeError('what?')])
def test_a_slow_engine_that_breaks_costs_no_frame(error):
    engine = pair()
    engine.infer(*frame())
    engine.prepare(SIZE)
    engine.slow.broken = error
    depth, valid = frame(seed=3)
    due = open_engine(None, 'bilinear', scale=2).infer(depth, valid)

    np.testing.assert_array_equal(engine.infer(depth, valid).depth, due.depth)
    assert engine.info.engine == 'bilinear'
    assert not engine.wants(SIZE)
    assert str(error) in engine.refusals[0]


def test_a_cancelled_preparation_may_be_begun_again():
    engine = pair()
    engine.infer(*frame())
    cancelled = Event()
    cancelled.set()
    with pytest.raises(EngineError):
        engine.prepare(SIZE, cancelled=cancelled)

    assert engine.wants(SIZE)
    assert engine.refusals == ()


def test_who_waits_gets_the_slow_engine_from_the_first_frame_on():
    engine = pair(wait=True)
    assert engine.info.engine == 'slow'
    for seed in range(3):
        assert ran_on(engine, *frame(seed=seed)) == 'slow'
    assert engine.slow.prepared == 1


@pytest.mark.parametrize('slow', [{'factor': 1.1}, {'failure': EngineError('no')}])
def test_who_waits_is_told_when_it_can_not_be_used(slow):
    engine = pair(wait=True, **slow)
    for _ in range(2):
        with pytest.raises(EngineError):
            engine.infer(*frame())


def test_closing_closes_both():
    engine = pair()
    closed = []
    engine._standby.close = lambda: closed.append(True)
    engine.close()

    assert engine.slow.closed
    assert closed
