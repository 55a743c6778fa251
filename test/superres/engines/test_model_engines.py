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
import subprocess
import sys

import numpy as np
import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.contract import ModelMetadata
from cdst_ros.superres.engine import EngineError, ModelError
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.engines.model import THREADS_VARIABLE
from cdst_ros.superres.frame import SuperResolution

ENGINES = ('openvino', 'onnxruntime')


@pytest.fixture(params=ENGINES)
def name(request):
    """Return an engine that runs models."""
    pytest.importorskip(request.param, reason=f'{request.param} is not installed')
    return request.param


def frame(shape, seed=0):
    rng = np.random.default_rng(seed)
    valid = rng.random(shape) < 0.8
    return np.where(valid, rng.uniform(0.3, 7, shape), 0).astype(np.float32), valid


def repeated(image, scale):
    return np.repeat(np.repeat(image, scale, axis=0), scale, axis=1)


def test_it_says_what_it_is(name, make_model):
    metadata = ModelMetadata(
        'named', 2, GridAlignment.PICKED, noise=NoiseModel(0.001, 0.002, 0.003)
    )

    info = open_engine(make_model(metadata=metadata), name).info

    assert (info.engine, info.model, info.scale) == (name, 'named', 2)
    assert (info.alignment, info.noise) == (GridAlignment.PICKED, metadata.noise)
    assert (info.precision, info.device, info.guided) == ('f32', 'CPU', False)


@pytest.mark.parametrize('scale', [2, 3, 4])
def test_a_model_runs_at_any_size_one_after_the_other(name, make_model, scale):
    engine = open_engine(make_model(scale=scale), name)
    sizes = [(6, 8), (5, 7), (1, 1), (6, 8), (3, 20), (21, 4), (7, 7), (5, 7), (6, 8)]

    for seed, size in enumerate(sizes):
        depth, valid = frame(size, seed)
        out = engine.infer(depth, valid)

        np.testing.assert_array_equal(out.valid, repeated(valid, scale))
        np.testing.assert_allclose(out.depth, repeated(depth, scale), rtol=1e-6)
        np.testing.assert_allclose(out.sigma, 0.001 + 0.01 * out.depth, rtol=1e-5)


def test_sizes_do_not_pile_up(make_model):
    pytest.importorskip('openvino', reason='openvino is not installed')
    engine = open_engine(make_model(), 'openvino')

    for width in range(2, 12):
        engine.infer(*frame((4, width)))

    assert len(engine._compiled) <= 4


def test_a_frame_of_the_same_size_is_computed_in_the_same_arrays(name, make_model):
    engine = open_engine(make_model(), name)
    one = engine.infer(*frame((6, 8), 0))
    two = engine.infer(*frame((6, 8), 1))

    assert all(np.shares_memory(a, b) for a, b in zip(one, two, strict=True))


def test_engines_agree(make_model):
    for engine in ENGINES:
        pytest.importorskip(engine, reason=f'{engine} is not installed')
    path = make_model(scale=4)
    one, two = (open_engine(path, engine) for engine in ENGINES)

    for seed, size in enumerate([(9, 11), (24, 32)]):
        a, b = (engine.infer(*frame(size, seed)) for engine in (one, two))
        np.testing.assert_allclose(a.depth, b.depth, atol=1e-5)
        np.testing.assert_allclose(a.sigma, b.sigma, atol=1e-5)
        np.testing.assert_array_equal(a.valid, b.valid)


def test_a_whole_frame_goes_through(name, make_model):
    depth, valid = frame((9, 11))
    depth[~valid] = np.nan

    out = SuperResolution(open_engine(make_model(), name))(depth)

    kept = ~np.isnan(out.depth)
    np.testing.assert_allclose(out.depth[kept], repeated(depth, 2)[kept], rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(out.sigma), ~kept)
    assert out.clipped_fraction == 0


def test_colour_reaches_a_guided_model(name, make_model):
    metadata = ModelMetadata('guided', 2, guided=True)
    path = make_model(metadata=metadata, inputs={'depth': 1, 'valid': 1, 'rgb': 3})
    engine = open_engine(path, name)
    depth, valid = frame((4, 5))
    rgb = np.random.default_rng(0).integers(0, 256, (8, 10, 3)).astype(np.uint8)

    out = engine.infer(depth, valid, rgb)

    # This model gives the mean of the three channels as sigma.
    np.testing.assert_allclose(out.sigma, rgb.mean(axis=2) / 255, atol=1e-6)
    assert engine.info.works_blind
    assert not engine.infer(depth, valid).sigma.any()
    with pytest.raises(EngineError, match='needs colour of 10x8'):
        engine.infer(depth, valid, rgb[:, 1:])


@pytest.mark.parametrize(
    ('fault', 'said'),
    [
        ({'outputs': ('depth_hr', 'valid_hr')}, 'outputs are depth_hr, valid_hr where'),
        ({'outputs': ('depth_hr', 'sigma_hr', 'valid_hr', 'more')}, 'outputs are'),
        ({'inputs': {'depth': 1, 'valid': 1, 'rgb': 3}}, 'inputs are depth, rgb, valid where'),
        ({'inputs': {'depth': 1, 'valid': 1, 'time': 1}}, 'inputs are depth, time, valid where'),
        ({'size': (12, 16)}, 'any size'),
        ({'leaks': True}, 'depends on the depth under holes'),
        (
            {
                'metadata': ModelMetadata('tiny', 2, guided=True),
                'inputs': {'depth': 1, 'valid': 1, 'rgb': 3},
                'glows': True,
            },
            'where colour is unknown, which is 0, its output is not that of depth alone',
        ),
        ({'nan': True}, 'not finite'),
        ({'never_valid': True}, 'no valid pixel'),
        ({'metadata': ModelMetadata('tiny', 3)}, 'scale in its metadata'),
        ({'metadata': ModelMetadata('tiny', 2, guided=True)}, 'inputs are depth, valid where'),
        ({'dtype': 'DOUBLE'}, 'float64|can not read'),
        ({'rank': 3}, 'shape|can not read'),
    ],
)
def test_a_broken_model_is_refused_when_it_is_opened(name, make_model, fault, said):
    path = make_model(**fault)

    with pytest.raises(ModelError, match=said) as caught:
        open_engine(path, name)

    assert str(path) in str(caught.value)


def test_a_graph_that_no_runtime_reads_is_refused(name, make_model):
    path = make_model()
    path.write_bytes(path.read_bytes().replace(b'Resize', b'Rezise'))

    with pytest.raises(ModelError, match='can not read it'):
        open_engine(path, name)


def test_a_quantised_model_says_so(name, make_model):
    assert open_engine(make_model(quantised=True), name).info.precision == 'int8+f32'


@pytest.mark.parametrize('precision', ['f64', 'int8', 'fast', ''])
def test_unknown_precisions_are_refused(name, make_model, precision):
    with pytest.raises(EngineError, match='int8 is a property of the model file'):
        open_engine(make_model(), name, precision)


def test_bf16_is_had_or_refused_but_never_pretended(make_model):
    ov = pytest.importorskip('openvino', reason='openvino is not installed')
    if 'BF16' in ov.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        assert open_engine(make_model(), 'openvino', 'bf16').info.precision == 'bf16'
    else:
        with pytest.raises(EngineError, match='not to be had'):
            open_engine(make_model(), 'openvino', 'bf16')
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    with pytest.raises(EngineError, match='computes in f32'):
        open_engine(make_model(), 'onnxruntime', 'bf16')


def test_an_unknown_device_is_refused(name, make_model):
    with pytest.raises(EngineError, match='TOASTER'):
        open_engine(make_model(), name, device='TOASTER')


@pytest.mark.parametrize('threads', [0, -1])
def test_thread_counts_that_can_not_be_are_refused(name, make_model, threads):
    with pytest.raises(EngineError, match='threads must be'):
        open_engine(make_model(), name, threads=threads)


def test_threads_come_from_the_argument_or_the_environment(name, make_model, monkeypatch):
    open_engine(make_model(), name, threads=1)
    monkeypatch.setenv(THREADS_VARIABLE, 'many')

    with pytest.raises(EngineError, match=THREADS_VARIABLE):
        open_engine(make_model(), name)
    open_engine(make_model(), name, threads=1)


SIGNAL_AFTER_ENGINES = """
import gc, os, signal, sys
from cdst_ros.superres.engines import open_engine
first = open_engine(sys.argv[1], sys.argv[2])
second = open_engine(sys.argv[1], sys.argv[2])
for engine in (first, second):
    engine.close()
del first, second, engine
gc.collect()
signal.signal(signal.SIGINT, lambda *_: print('heard'))
os.kill(os.getpid(), signal.SIGINT)
"""


def test_a_signal_is_survived_after_engines_have_come_and_gone(name, make_model):
    command = [sys.executable, '-c', SIGNAL_AFTER_ENGINES, str(make_model()), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, 'heard\n'), done.stderr


def test_a_model_file_may_go_once_it_is_open(name, make_model):
    path = make_model()
    engine = open_engine(path, name)
    path.unlink()
    depth, valid = frame((6, 8))

    np.testing.assert_allclose(engine.infer(depth, valid).depth, repeated(depth, 2), rtol=1e-6)
    engine.close()
