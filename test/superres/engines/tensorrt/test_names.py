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
"""Every name of TensorRT and CUDA that the engine uses, held against their real bindings."""

import importlib
import json
import re
import sys

import pytest

from .collect_names import (
    CUDA_ENUMERATIONS,
    ENGINE,
    NAMES,
    attributes_of,
    describe_cuda,
    describe_tensorrt,
)

KNOWN = json.loads(NAMES.read_text())
SOURCE = ''.join(file.read_text() for file in ENGINE.glob('*.py'))


@pytest.mark.parametrize('version', KNOWN['tensorrt'])
def test_tensorrt_has_every_name(version):
    assert set(attributes_of('trt')) <= set(KNOWN['tensorrt'][version]['names'])


@pytest.mark.parametrize('version', KNOWN['cuda'])
def test_cuda_has_every_name(version):
    known = set(KNOWN['cuda'][version]['names'])
    assert set(attributes_of('cudart')) <= known | set(CUDA_ENUMERATIONS)


@pytest.mark.parametrize('version', KNOWN['cuda'])
def test_cuda_has_every_member_of_an_enumeration(version):
    for name, members in KNOWN['cuda'][version]['enumerations'].items():
        used = re.findall(rf'{name}(?:\.|\[\')(\w+)', SOURCE)
        assert set(used) <= set(members)
    assert 'cudaErrorCudartUnloading' in SOURCE


def test_the_versions_are_those_of_jetpack_6_and_of_both_majors():
    versions = list(KNOWN['tensorrt'])
    assert any(version.startswith('10.3.') for version in versions)
    assert {version.split('.')[0] for version in versions} == {'10', '11'}
    assert {version.split('.')[0] for version in KNOWN['cuda']} == {'12', '13'}


def real(name):
    """Import what is installed, however a stand-in was used before."""
    for loaded in [key for key in sys.modules if key.split('.')[0] == name.split('.')[0]]:
        del sys.modules[loaded]
    pytest.importorskip(name, reason=f'{name} is not installed')
    return importlib.import_module(name)


def test_the_tensorrt_that_is_installed_has_what_its_major_had():
    trt = real('tensorrt')
    if not hasattr(trt, 'Builder'):
        pytest.skip('the tensorrt that is installed is an empty package')
    found = describe_tensorrt(trt)
    like = [v for v in KNOWN['tensorrt'] if v.split('.')[0] == trt.__version__.split('.')[0]]
    assert like, f'TensorRT {trt.__version__} is new: run collect_names.py for it'
    assert set(attributes_of('trt')) <= set(found['names'])


def test_the_cuda_bindings_that_are_installed_have_every_name():
    found = describe_cuda(real('cuda.bindings.runtime'))
    assert set(attributes_of('cudart')) <= set(found['names']) | set(CUDA_ENUMERATIONS)
