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
"""TensorRT and CUDA played by stand-ins that have what the real ones have."""

import sys
from pathlib import Path

import pytest

from cdst_ros.superres.engines import registry

STANDIN = Path(__file__).parent / 'standin'

#: Versions of TensorRT's and CUDA's bindings that are played together.
VERSIONS = [('10.3.0', '12.9.10'), ('10.16.1.11', '13.5.0'), ('11.4.0.106', '13.5.0')]

_OURS = 'cdst_ros.superres.engines.tensorrt'


def _forget():
    """Have TensorRT, CUDA and what uses them imported anew."""
    for name in list(sys.modules):
        if name.split('.')[0] in ('tensorrt', 'cuda', 'names') or name.startswith(_OURS + '.'):
            del sys.modules[name]


@pytest.fixture
def play(monkeypatch, tmp_path):
    """Return a function that has the versions played from now on, and the engine's module."""
    for library in ('onnx', 'onnxruntime'):
        pytest.importorskip(library, reason='the stand-in for TensorRT runs models with it')

    def start(tensorrt='10.3.0', cuda='12.9.10'):
        _forget()
        monkeypatch.syspath_prepend(STANDIN)
        monkeypatch.setenv('STANDIN_TENSORRT', tensorrt)
        monkeypatch.setenv('STANDIN_CUDA', cuda)
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        monkeypatch.setattr(registry, 'GPU_DEVICES', ('/dev/null',))

    yield start
    _forget()


@pytest.fixture(params=VERSIONS, ids=lambda pair: f'tensorrt {pair[0]}, cuda {pair[1]}')
def played(request, play):
    """Play each pair of versions."""
    play(*request.param)
    return request.param


@pytest.fixture
def faults(monkeypatch):
    """Return a function that names what fails from now on, in this process and its children."""
    return lambda *names: monkeypatch.setenv('STANDIN_FAULTS', ','.join(names))
