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
"""The engine, on stand-ins for TensorRT 10.3, 10.16 and 11 and CUDA 12 and 13."""

import gc
import logging
import sys

import numpy as np
import pytest

from cdst_ros.superres.engine import EngineError, ModelError
from cdst_ros.superres.engines import StandbyEngine, open_engine

SIZE = (12, 16)


def frame(height=SIZE[0], width=SIZE[1], seed=0):
    rng = np.random.default_rng(seed)
    depth = rng.uniform(1, 4, (height, width)).astype(np.float32)
    valid = rng.uniform(size=depth.shape) > 0.1
    return depth, valid


def cuda_counts():
    return sys.modules['cuda.bindings.runtime'].counts


def assert_same(found, due):
    np.testing.assert_array_equal(found.valid, due.valid)
    np.testing.assert_allclose(found.depth[due.valid], due.depth[due.valid], rtol=1e-6)
    np.testing.assert_allclose(found.sigma[due.valid], due.sigma[due.valid], rtol=1e-6)


def test_it_finds_what_the_cpu_finds_on_every_version(played, make_model):
    path = make_model()
    engine, cpu = open_engine(path, 'tensorrt'), open_engine(path, 'onnxruntime')

    assert isinstance(engine, StandbyEngine)
    for seed in range(4):
        depth, valid = frame(seed=seed)
        assert_same(engine.infer(depth, valid), cpu.infer(depth, valid))
    assert engine.info.engine == 'tensorrt'
    assert engine.info.device == 'Stand-in GPU (sm 8.7)'
    engine.close()


def test_a_guided_model_gets_its_colour(play, make_model):
    from cdst_ros.superres.contract import ModelMetadata

    play()
    path = make_model(
        metadata=ModelMetadata(name='guided', scale=2, guided=True),
        inputs={'depth': 1, 'valid': 1, 'rgb': 3},
    )
    engine, cpu = open_engine(path, 'tensorrt'), open_engine(path, 'onnxruntime')
    depth, valid = frame()
    rgb = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)

    assert_same(engine.infer(depth, valid, rgb), cpu.infer(depth, valid, rgb))


def test_a_frame_is_one_upload_and_one_download_and_later_one_graph(played, make_model):
    engine = open_engine(make_model(), 'tensorrt').slow
    engine.infer(*frame())
    copies = cuda_counts()['cudaMemcpyAsync']
    assert copies == 2
    engine.infer(*frame())
    assert cuda_counts()['cudaGraphLaunch'] == 1
    recorded = cuda_counts()['cudaMemcpyAsync']
    out = engine.infer(*frame(seed=5))

    assert cuda_counts()['cudaMemcpyAsync'] == recorded
    assert cuda_counts()['cudaGraphLaunch'] == 2
    depth, valid = frame(seed=5)
    np.testing.assert_allclose(out.depth[::2, ::2][valid], depth[valid])


@pytest.mark.parametrize('fault', ['capture', 'cudaGraphInstantiate', 'cudaStreamBeginCapture'])
def test_without_a_graph_frames_run_step_by_step(fault, play, faults, make_model, caplog):
    play()
    faults(fault)
    engine = open_engine(make_model(), 'tensorrt').slow
    for seed in range(3):
        depth, valid = frame(seed=seed)
        out = engine.infer(depth, valid)
        np.testing.assert_allclose(out.depth[::2, ::2][valid], depth[valid])

    assert caplog.text.count('no CUDA graph') == 1


@pytest.mark.parametrize(
    ('fault', 'part'),
    [
        ('cudaMalloc', 'cudaMalloc failed'),
        ('cudaHostAlloc', 'cudaHostAlloc failed'),
        ('cudaStreamCreateWithFlags', 'cudaStreamCreateWithFlags failed'),
        ('create_execution_context', 'makes no execution context'),
        ('set_input_shape', 'refuses shape'),
        ('infer_shapes', 'lacks the shapes of depth'),
        ('set_tensor_address', 'refuses the address'),
        ('execute', 'refuses the frame'),
        ('cudaMemcpyAsync', 'cudaMemcpyAsync cudaMemcpyHostToDevice failed'),
        ('cudaStreamSynchronize', 'cudaStreamSynchronize failed'),
        ('cudaSetDevice', 'cudaSetDevice failed'),
    ],
)
def test_whatever_is_refused_is_told(fault, part, play, faults, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    faults(fault)

    with pytest.raises(EngineError, match=part):
        engine.infer(*frame())


@pytest.mark.parametrize(
    ('fault', 'raised'),
    [
        ('parse', (ModelError, 'conv_3: the stand-in does not know this operator')),
        ('build', (EngineError, 'the stand-in can not build it')),
        ('Builder', (EngineError, 'the stand-in makes no builder')),
        ('set_shape', (EngineError, 'inconsistent')),
        ('add_optimization_profile', (EngineError, 'refuses these shapes')),
        ('crash', (EngineError, 'by SIGSEGV')),
        ('deserialize', (EngineError, 'just built is refused')),
    ],
)
def test_a_build_that_fails_says_how(fault, raised, play, faults, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    faults(fault)

    with pytest.raises(raised[0], match=raised[1]):
        engine.infer(*frame())
    assert not engine.ready(SIZE)


def test_progress_runs_from_little_to_most_of_the_work(play, make_model):
    from threading import Event

    play()
    reports = []
    engine = open_engine(make_model(), 'tensorrt').slow
    engine.prepare(SIZE, reports.append, Event())

    assert 'tiny for 16x12 px on Stand-in GPU' in reports[0]
    shares = [int(text.split(': ')[1].split(' %')[0]) for text in reports]
    assert shares == sorted(shares)
    assert shares[0] < 20
    assert shares[-1] >= 50


def test_each_size_has_a_plan_and_old_arrays_outlive_the_engine(play, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    for width in range(10, 17):
        depth, valid = frame(9, width)
        out = engine.infer(depth, valid)
        assert out.depth.shape == (18, 2 * width)
    assert engine.ready((9, 16))
    assert not engine.ready((9, 10))
    kept = out.depth.copy()
    engine.close()
    del engine
    gc.collect()

    np.testing.assert_array_equal(out.depth, kept)


def test_memory_of_the_gpu_goes_with_the_engine(play, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    out = engine.infer(*frame())
    runtime = sys.modules['cuda.bindings.runtime']
    assert runtime._device
    engine.close()
    gc.collect()
    assert not runtime._device
    del out
    gc.collect()

    assert not runtime._host


def test_a_second_engine_loads_the_plan_of_the_first(play, faults, make_model):
    play()
    path = make_model()
    open_engine(path, 'tensorrt').infer(*frame())
    faults('build')

    again = open_engine(path, 'tensorrt')
    again.infer(*frame())

    assert again.info.engine == 'tensorrt'


def test_a_plan_of_another_version_is_not_even_tried(play, make_model):
    path = make_model()
    fields = []
    for version in ('10.3.0', '10.16.1.11'):
        play(version)
        fields.append(open_engine(path, 'tensorrt').slow.plan_fields(SIZE))
    differing = {key for key in fields[0] if fields[0][key] != fields[1][key]}

    assert differing == {'tensorrt'}


def test_a_plan_that_is_refused_is_built_anew_once(play, make_model, caplog):
    caplog.set_level(logging.INFO)
    play()
    path = make_model()
    engine = open_engine(path, 'tensorrt').slow
    plan = b'{"version": "9.9", "shapes": {}}\n'
    engine._cache.folder.mkdir(parents=True)
    engine._cache._write(engine.plan_fields(SIZE), plan)

    engine.infer(*frame())

    assert caplog.text.count('the plan is of 9.9') >= 1
    assert caplog.text.count('it is built anew') == 1
    assert caplog.text.count('TensorRT has built') == 1


def test_a_model_that_changes_meanwhile_is_not_built_under_its_old_name(play, make_model):
    play()
    path = make_model()
    engine = open_engine(path, 'tensorrt').slow
    path.write_bytes(make_model('other', scale=3).read_bytes())

    with pytest.raises(ModelError, match='was changed'):
        engine.infer(*frame())


def test_a_miscompiled_network_is_refused(play, faults, make_model):
    play()
    faults('miscompiled')
    engine = open_engine(make_model(), 'tensorrt')

    with pytest.raises(EngineError, match=r'does not find what \w+ finds') as caught:
        engine.infer(*frame())
    assert 'mm' in str(caught.value)


def test_auto_falls_back_where_cuda_does_not_work(play, faults, make_model, caplog):
    play()
    faults('cudaGetDeviceCount')
    engine = open_engine(make_model())

    assert engine.info.engine != 'tensorrt'
    assert 'tensorrt is here but can not be used' in caplog.text
    with pytest.raises(EngineError, match='cudaGetDeviceCount failed'):
        open_engine(make_model(), 'tensorrt')


@pytest.mark.parametrize(('device', 'part'), [('cuda:1', 'no GPU 1'), ('CPU', 'cuda:0, cuda:1')])
def test_a_device_that_is_not_there_is_refused(device, part, play, make_model):
    play()
    with pytest.raises(EngineError, match=part):
        open_engine(make_model(), 'tensorrt', device=device)


def test_precision_is_the_files(play, make_model):
    play()
    with pytest.raises(EngineError, match='precision of the model file'):
        open_engine(make_model(), 'tensorrt', 'f16')

    half = open_engine(make_model(half=True), 'tensorrt')
    half.infer(*frame())

    assert half.info.precision == 'f16+f32'


def test_an_empty_tensorrt_is_told_from_a_real_one(play, make_model, monkeypatch):
    play()
    import tensorrt

    monkeypatch.delattr(tensorrt, 'Builder')
    with pytest.raises(EngineError, match='empty package'):
        open_engine(make_model(), 'tensorrt')
