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

from cdst_ros.superres.engine import EngineError, ModelError
from cdst_ros.superres.engines import (
    CLASSICAL_ENGINES,
    ENGINE_NAMES,
    choose_engine,
    describe_engines,
    open_engine,
    registry,
)


def test_every_engine_is_described():
    described = {item.name: item for item in describe_engines()}

    assert tuple(described) == ENGINE_NAMES
    assert all(item.reason for item in described.values())
    assert all(bool(item.version) == item.available for item in described.values())
    assert all(described[name].available for name in CLASSICAL_ENGINES)


def test_auto_takes_the_first_available_and_says_why():
    available = [item.name for item in describe_engines() if item.available]
    if available[0] in CLASSICAL_ENGINES:
        pytest.skip('no runtime for models is installed')

    name, reason = choose_engine()

    assert name == available[0]
    assert 'tensorrt: ' in reason
    assert name in reason


def test_auto_opens_what_it_chose(make_model):
    engine = open_engine(make_model())

    assert engine.info.engine == choose_engine()[0]


def test_auto_without_any_runtime_tells_what_to_install(monkeypatch, make_model):
    monkeypatch.setattr(registry.util, 'find_spec', lambda _: None)

    with pytest.raises(EngineError, match='pip install openvino'):
        open_engine(make_model())
    with pytest.raises(EngineError, match=r'not available.*pip install onnxruntime'):
        open_engine(make_model(), 'onnxruntime')


@pytest.mark.parametrize('name', ['openvino', 'onnxruntime'])
def test_a_runtime_that_does_not_load_says_so(name, monkeypatch, make_model):
    pytest.importorskip(name, reason=f'{name} is not installed')

    def broken(module):
        raise ImportError('libtbb.so.12: cannot open shared object file')

    monkeypatch.setattr(registry, 'import_module', broken)

    with pytest.raises(EngineError, match=r'installed but does not load.*libtbb'):
        open_engine(make_model(), name)


def test_tensorrt_says_what_to_use_instead(make_model, monkeypatch):
    monkeypatch.setattr(registry, 'GPU_DEVICES', ())
    with pytest.raises(EngineError, match='openvino or onnxruntime'):
        open_engine(make_model(), 'tensorrt')


@pytest.mark.parametrize(
    ('modules', 'version', 'part'),
    [
        ((), '', 'not installed'),
        (('tensorrt',), '8.5.2', '8.5.2 is too old; JetPack 6'),
        (('tensorrt',), '10.3.0', 'cuda-bindings'),
        (('tensorrt', 'cuda.bindings'), '10.3.0', ''),
    ],
)
def test_tensorrt_says_what_it_lacks_on_a_machine_with_a_gpu(modules, version, part, monkeypatch):
    monkeypatch.setattr(registry, 'GPU_DEVICES', ('/dev/null',))
    monkeypatch.setattr(registry.util, 'find_spec', lambda name: name in modules or None)
    monkeypatch.setattr(registry.metadata, 'version', lambda _: version)
    found = next(item for item in describe_engines() if item.name == 'tensorrt')

    assert found.available is (not part)
    assert part in found.reason


def test_an_unknown_engine_is_told_the_known_ones(make_model):
    with pytest.raises(EngineError, match='there is no engine') as caught:
        open_engine(make_model(), 'telepathy')

    assert all(name in str(caught.value) for name in ENGINE_NAMES)


@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
def test_classical_methods_take_a_scale_and_nothing_else(name, make_model):
    with pytest.raises(EngineError, match='needs a scale'):
        open_engine(None, name)
    with pytest.raises(EngineError, match='takes no model'):
        open_engine(make_model(), name, scale=2)
    with pytest.raises(EngineError, match='f32'):
        open_engine(None, name, 'bf16', scale=2)


def test_model_engines_need_a_model_that_exists():
    with pytest.raises(EngineError, match='needs a model'):
        open_engine(None, 'auto')
    with pytest.raises(ModelError, match='neither a shipped model'):
        open_engine('nowhere.onnx', 'auto')


def test_a_scale_that_is_not_the_models_is_refused(make_model):
    assert open_engine(make_model(scale=2), scale=2).info.scale == 2
    with pytest.raises(EngineError, match='enlarges by 2 and 4 was asked for'):
        open_engine(make_model(scale=2), scale=4)
