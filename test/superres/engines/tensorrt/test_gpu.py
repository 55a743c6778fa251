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
"""On a real GPU: every shipped model finds what it finds on the CPU."""

import sys

import numpy as np
import pytest

from cdst_ros.superres.engines import StandbyEngine, describe_engines, open_engine
from cdst_ros.superres.engines.agreement import compare
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic.camera import SyntheticCamera

SIZES = [(160, 120), (320, 240), (161, 121)]

pytestmark = pytest.mark.gpu


@pytest.fixture(scope='module', autouse=True)
def gpu():
    """Skip with what is missing; the stand-ins of other tests are forgotten."""
    for name in list(sys.modules):
        if name.split('.')[0] in ('tensorrt', 'cuda', 'names'):
            del sys.modules[name]
    found = next(item for item in describe_engines() if item.name == 'tensorrt')
    if not found.available:
        pytest.skip(f'tensorrt: {found.reason}')


@pytest.mark.parametrize('size', SIZES, ids=lambda size: '{}x{}'.format(*size))
@pytest.mark.parametrize('name', shipped_models())
def test_it_finds_what_the_cpu_finds(name, size):
    engine = open_engine(name, 'tensorrt')
    assert isinstance(engine, StandbyEngine)
    cpu = open_engine(name, 'onnxruntime')
    camera = SyntheticCamera(3, *size, scale=engine.info.scale, frames=4)
    for frame, _ in zip(camera, range(4), strict=False):  # plain, recorded, and from the graph
        valid = np.isfinite(frame.depth)
        depth = np.where(valid, frame.depth, np.float32(0))
        rgb = frame.color if engine.info.guided else None
        agreement = compare(engine.infer(depth, valid, rgb), cpu.infer(depth, valid, rgb))
        assert agreement.holds, str(agreement)
    assert engine.slow.session(size[::-1]).has_graph
    engine.close()
    cpu.close()
