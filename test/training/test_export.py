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
import shutil
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import open_engine
from cdst_ros.training import export as exporting
from cdst_ros.training.config import ConfigError
from cdst_ros.training.export import ExportError, export, load_network
from cdst_ros.training.train import train
from training.sources.folders import write_disparity

#: Operators that OpenVINO, ONNX Runtime and TensorRT 10 all take.
PORTABLE = {
    'Abs', 'Add', 'And', 'Cast', 'Clip', 'Concat', 'Constant', 'Conv', 'ConvTranspose',
    'DepthToSpace', 'Div', 'Equal', 'Expand', 'Greater', 'GreaterOrEqual', 'Identity', 'Less',
    'LessOrEqual', 'Max', 'MaxPool', 'Min', 'Mul', 'Neg', 'Or', 'PRelu', 'Pad', 'Reciprocal',
    'Relu', 'Reshape', 'Shape', 'Sigmoid', 'Slice', 'Split', 'Sub', 'Transpose', 'Where',
}  # fmt: skip
MODELS = {
    'lite': {'scale': 2, 'options': {'width': 8, 'depth': 1}},
    'dbpn': {
        'network': 'dbpn',
        'scale': 2,
        'options': {'width': 4, 'features': 8, 'blocks': 2, 'head': 'selecting',
                    'head_options': {'residual': True}},
    },
}  # fmt: skip


@pytest.fixture(scope='module', params=MODELS)
def checkpoint(tmp_path_factory, request):
    from cdst_ros.training.config import TrainConfig

    torch.set_num_threads(1)
    config = {
        'name': 'tiny',
        'max_steps': 3,
        'runs': str(tmp_path_factory.mktemp('runs')),
        'model': MODELS[request.param],
        'data': {'crop': 12, 'batch_size': 2, 'tiles': 1, 'workers': 0},
    }
    return train(TrainConfig.from_dict(config), command='cdst-ros train tiny')


@pytest.fixture(scope='module')
def exported(checkpoint, tmp_path_factory):
    return export(checkpoint, tmp_path_factory.mktemp('out') / 'tiny.onnx', {'mad': 0.5})


def test_the_file_says_what_it_is(exported):
    metadata = read_metadata(exported.path)
    assert metadata == exported.metadata
    assert metadata.name == 'tiny'
    assert metadata.scale == 2
    assert metadata.profile == 'generic'
    assert metadata.noise.constant > 0
    assert metadata.accuracy == {'mad': 0.5}
    assert metadata.command == 'cdst-ros train tiny'
    assert metadata.data_licence == 'Apache-2.0'


def test_a_model_says_what_real_data_it_saw(tiny, tmp_path):
    write_disparity(tmp_path / 'maps', 'ab')
    source = {'kind': 'disparity', 'path': 'maps', 'licence': 'research use'}
    data = {'crop': 12, 'batch_size': 2, 'tiles': 1, 'workers': 0, 'root': str(tmp_path)}
    config = tiny(max_steps=1, data={**data, 'sources': [source, {'kind': 'procedural'}]})
    metadata = load_network(train(config))[1]
    assert metadata.data == 'disparity of maps; procedural scenes of cdst_ros.synthetic'
    assert metadata.data_licence == 'research use; Apache-2.0'


def test_it_is_one_file_that_runs_from_an_empty_folder(exported, tmp_path):
    alone = shutil.copy(exported.path, tmp_path / 'alone.onnx')
    assert [path.name for path in exported.path.parent.iterdir()] == ['tiny.onnx']
    session = onnxruntime.InferenceSession(str(alone))
    image = np.ones((1, 1, 5, 6), np.float32)
    assert session.run(None, {'depth': image, 'valid': image})[0].shape == (1, 1, 10, 12)


def test_it_uses_operators_that_every_engine_takes(exported):
    graph = onnx.load(exported.path).graph
    assert {node.op_type for node in graph.node} <= PORTABLE


@pytest.fixture(scope='module')
def opened(exported):
    """Return what opens an engine of the model, each once."""
    engines = {}

    def open_once(name):
        if name not in engines:
            engines[name] = open_engine(str(exported.path), name)
        return engines[name]

    yield open_once
    for engine in engines.values():
        engine.close()


@pytest.mark.parametrize('engine', ['onnxruntime', 'openvino'])
@pytest.mark.parametrize('size', [(1, 1), (3, 17), (37, 23)])
def test_engines_compute_what_torch_does(checkpoint, opened, engine, size):
    pytest.importorskip(engine)
    rng = np.random.default_rng(0)
    depth = (0.5 + 5 * rng.random(size)).astype(np.float32)
    valid = rng.random(size) < 0.8
    network, _ = load_network(checkpoint)
    with torch.no_grad():
        wanted = [
            output[0, 0].numpy()
            for output in network(
                torch.from_numpy(depth)[None, None], torch.from_numpy(valid)[None, None].float()
            )
        ]
    given = opened(engine).infer(depth, valid)
    assert np.array_equal(given.valid, wanted[2] > 0.5)
    assert np.abs(given.depth - wanted[0])[given.valid].max(initial=0) < 1e-5
    assert np.abs(given.sigma - wanted[1])[given.valid].max(initial=0) < 1e-5


@pytest.fixture(scope='module')
def ensemble(checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp('ensemble') / 'plus.onnx'
    return export(checkpoint, out, self_ensemble=True).path


@pytest.mark.parametrize('checkpoint', ['lite'], indirect=True)
@pytest.mark.parametrize('engine', ['onnxruntime', 'openvino'])
def test_a_self_ensemble_is_the_mean_over_orientations_in_one_file(ensemble, engine, opened):
    pytest.importorskip(engine)
    assert read_metadata(ensemble).name == 'tiny+'
    assert {node.op_type for node in onnx.load(ensemble).graph.node} <= PORTABLE
    rng = np.random.default_rng(0)
    depth = (0.5 + 5 * rng.random((7, 11))).astype(np.float32)
    valid = rng.random(depth.shape) < 0.9
    seen = []
    for quarter, across in product(range(4), (1, -1)):
        images = [np.rot90(image[:, ::across], quarter).copy() for image in (depth, valid)]
        found = opened(engine).infer(*images).depth.copy()  # the next one is written to its place
        seen.append(np.rot90(found, -quarter)[:, ::across])
    with closing(open_engine(str(ensemble), engine)) as plus:
        given = plus.infer(depth, valid)
        assert np.abs(given.depth - np.mean(seen, 0))[given.valid].max() < 1e-5


@pytest.mark.parametrize('checkpoint', ['lite'], indirect=True)
def test_a_file_that_computes_something_else_is_not_kept(checkpoint, tmp_path, monkeypatch):
    def write_another(network, *rest):
        with torch.no_grad():
            network.head.residual.bias += 0.1
        wrong_write(network, *rest)
        with torch.no_grad():
            network.head.residual.bias -= 0.1

    wrong_write = exporting.write_onnx
    monkeypatch.setattr(exporting, 'write_onnx', write_another)
    with pytest.raises(ExportError, match='off what torch computes'):
        export(checkpoint, tmp_path / 'wrong.onnx')
    assert list(tmp_path.iterdir()) == []


def test_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='no checkpoint'):
        export(tmp_path / 'none.ckpt', tmp_path / 'out.onnx')


def test_it_tells_nothing_of_where_it_was_made(exported):
    data = exported.path.read_bytes()
    assert b'.py' not in data
    assert str(Path(exporting.__file__).parents[2]).encode() not in data
