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
"""Engines that do not work are found before a frame depends on them."""

from __future__ import annotations

import numpy as np
import pytest

from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
from cdst_ros.superres.rehearsal import rehearse


class Wrong:
    """A real engine whose output is tampered with."""

    def __init__(self, tamper):
        self._real = open_engine(None, engine='bilinear', scale=4)
        self._tamper = tamper
        self.info = self._real.info

    def infer(self, depth, valid, rgb=None):
        return self._tamper(self._real.infer(depth, valid, rgb))

    def close(self):
        self._real.close()


@pytest.mark.parametrize('engine', CLASSICAL_ENGINES)
@pytest.mark.parametrize('scale', [1, 2, 3, 4])
def test_engines_that_work_pass(engine, scale):
    rehearse(open_engine(None, engine=engine, scale=scale))


@pytest.mark.parametrize(
    ('tamper', 'message'),
    [
        (lambda out: out._replace(depth=out.depth * 1000), 'off on a plain slanted wall'),
        (lambda out: out._replace(depth=out.depth / out.depth.max()), 'off on a plain slanted'),
        (lambda out: out._replace(valid=np.zeros_like(out.valid)), 'lost 100 %'),
        (lambda out: out._replace(depth=out.depth * np.nan), 'lost 100 %'),
        (lambda out: out._replace(depth=out.depth[1:]), 'breaks its contract'),
    ],
)
def test_nonsense_is_refused(tamper, message):
    with pytest.raises(EngineError, match=message):
        rehearse(Wrong(tamper))


def test_an_engine_that_breaks_on_a_frame_is_refused():
    def fail(out):
        raise RuntimeError('no kernel for this device')

    with pytest.raises(EngineError, match='no kernel for this device'):
        rehearse(Wrong(fail))
