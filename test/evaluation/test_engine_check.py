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
"""Engines side by side: what is measured of each, and what is said of one that does not run."""

from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.evaluation import engine_check
from cdst_ros.evaluation.engine_check import Candidate, check_engines, synthetic_frames
from cdst_ros.superres.engine import EngineError, Inference
from cdst_ros.superres.engines import open_engine


class Twisted:
    """A real method that errs by so much."""

    def __init__(self, name, off_m):
        self._real = open_engine(None, 'bilinear', scale=2)
        self.info = replace(self._real.info, engine=name)
        self.off_m = np.float32(off_m)
        self.closed = False

    def infer(self, depth, valid, rgb=None):
        out = self._real.infer(depth, valid, rgb)
        return Inference(out.depth + self.off_m, out.sigma, out.valid)

    def close(self):
        self.closed = True


@pytest.fixture
def engines(monkeypatch):
    made = {'exact': Twisted('exact', 0), 'off': Twisted('off', 0.005)}

    def open_made(model, engine, precision, **_):
        if engine not in made:
            raise EngineError(f'{engine} is not here')
        return made[engine]

    monkeypatch.setattr(engine_check, 'open_engine', open_made)
    return made


def check(*names, frames=None):
    frames = frames or synthetic_frames((32, 24), 2, 2)
    reference = open_engine(None, 'bilinear', scale=2)
    candidates = [Candidate(name) for name in names]
    found = list(check_engines('model.onnx', candidates, frames, reference, rounds=1))
    return {item.engine: item for item in found}


def test_errors_are_those_of_all_frames_in_millimetres(engines):
    found = check('exact', 'off')

    assert found['exact'].agreement.max_mm == 0
    assert found['off'].agreement.max_mm == pytest.approx(5, abs=0.01)
    assert found['off'].agreement.rms_mm == pytest.approx(5, abs=0.01)
    assert found['exact'].size == (32, 24)
    assert all(engine.closed for engine in engines.values())


def test_one_bad_frame_among_good_ones_shows(engines):
    good, bad = synthetic_frames((32, 24), 2, 2)
    frames = [good, bad]
    twisted = engines['exact']
    real = twisted.infer

    def infer(depth, valid, rgb=None):
        twisted.off_m = np.float32(0.1 if np.array_equal(depth[valid], bad[valid]) else 0)
        return real(depth, valid, rgb)

    twisted.infer = infer
    assert check('exact', frames=frames)['exact'].agreement.max_mm == pytest.approx(100, abs=0.1)


def test_an_engine_that_does_not_run_is_a_row_of_its_own(engines):
    found = check('missing', 'exact')

    assert found['missing'].fault == 'missing is not here'
    assert found['missing'].agreement is None
    assert found['missing'].to_json()['same_as_f32'] is None
    assert found['exact'].agreement.holds


def test_synthetic_frames_are_of_the_size_and_always_the_same():
    one, other = (synthetic_frames((40, 30), 4, 3) for _ in range(2))

    assert [frame.shape for frame in one] == [(30, 40)] * 3
    np.testing.assert_array_equal(one[2], other[2])
