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
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from onnx import numpy_helper

from cdst_ros.models.registry import build
from cdst_ros.superres.contract import read_metadata, read_origin
from cdst_ros.superres.store import shipped_models
from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError, load_config
from cdst_ros.training.export import export
from cdst_ros.training.start import described, load_start
from cdst_ros.training.train import train


def write(path: Path, **values) -> str:
    path.write_text(yaml.safe_dump(values))
    return str(path)


def network_of(name: str) -> torch.nn.Module:
    """Return the network of a shipped model, with its weights and the gain of its sigma."""
    model = described(name)['model']
    noise = read_metadata(shipped_models()[name]).noise
    terms = (noise.constant, noise.linear, noise.quadratic)
    network = build(model['network'], model['scale'], terms, **model['options'])
    load_start(network, name)
    graph = onnx.load(str(shipped_models()[name])).graph
    for gain in (tensor for tensor in graph.initializer if tensor.name in ('gain', 'alone.gain')):
        network.get_buffer(gain.name).fill_(float(numpy_helper.to_array(gain)))
    return network.eval()


@pytest.mark.parametrize('name', shipped_models())
def test_a_shipped_model_comes_back_as_the_network_that_it_was(name):
    network = network_of(name)
    rng = np.random.default_rng(0)
    depth = (0.5 + 5 * rng.random((1, 1, 19, 26))).astype(np.float32)
    valid = (rng.random(depth.shape) < 0.8).astype(np.float32)
    session = onnxruntime.InferenceSession(str(shipped_models()[name]))
    inputs = {'depth': depth, 'valid': valid}
    metadata = read_metadata(shipped_models()[name])
    if metadata.guided:
        inputs['rgb'] = rng.random((1, 3, 19 * metadata.scale, 26 * metadata.scale), np.float32)
    with torch.no_grad():
        wanted = network(*map(torch.from_numpy, inputs.values()))
    given = session.run(None, {**inputs, 'depth': depth * valid})
    assert np.array_equal(given[2], wanted[2].numpy())
    for ours, theirs in zip(given[:2], wanted, strict=False):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5 * depth.max())


@pytest.mark.parametrize('name', shipped_models())
def test_every_weight_of_a_shipped_model_is_taken_to_the_bit(name):
    stored = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in onnx.load(str(shipped_models()[name])).graph.initializer
    }
    for key, value in network_of(name).state_dict().items():
        # An export may have cut it, by its output channels.
        pieces = [stored[cut] for cut in (key, f'{key}.0', f'{key}.1') if cut in stored]
        assert np.array_equal(value.numpy(), np.concatenate(pieces) if value.ndim else pieces[0])


def test_weights_that_an_export_has_cut_are_joined(tmp_path):
    model = onnx.load(str(shipped_models()['fast_x4']))
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    whole = numpy_helper.to_array(found['body.1.weight'])
    found['body.1.weight'].CopyFrom(numpy_helper.from_array(whole[:10], 'body.1.weight.0'))
    model.graph.initializer.append(numpy_helper.from_array(whole[10:], 'body.1.weight.1'))
    path = tmp_path / 'cut.onnx'
    path.write_bytes(model.SerializeToString())
    network = network_of('fast_x4')
    with torch.no_grad():
        network.body[1].weight.zero_()
    load_start(network, str(path))
    assert np.array_equal(network.state_dict()['body.1.weight'].numpy(), whole)


def tuned(tmp_path, **changes) -> Path:
    """Return the checkpoint of a training that starts at the shipped fast_x4."""
    values = {
        'name': 'tuned',
        'start': 'fast_x4',
        'max_steps': 2,
        'validate_every': 100,
        'runs': str(tmp_path / 'runs'),
        'data': {'crop': 12, 'batch_size': 2, 'tiles': 1, 'workers': 0},
        **changes,
    }
    return train(load_config(write(tmp_path / 'tuned.yaml', **values)))


def test_a_training_starts_at_the_weights_of_a_shipped_model(tmp_path):
    # A learning rate of almost nothing leaves them where they were.
    last = tuned(tmp_path, optimiser={'learning_rate': 1e-12, 'weight_decay': 0.0})
    state = read_checkpoint(last)['state_dict']
    for key, value in network_of('fast_x4').state_dict().items():
        torch.testing.assert_close(state[f'average.{key}'], value, atol=1e-7, rtol=0)
        torch.testing.assert_close(state[f'network.{key}'], value, atol=1e-7, rtol=0)


def test_a_tuned_model_says_what_it_was_made_from(tmp_path):
    done = export(tuned(tmp_path), tmp_path / 'tuned.onnx')
    origin = read_origin(done.path)
    assert origin['start']['name'] == 'fast_x4'
    assert len(origin['start']['sha256']) == 64
    assert origin['config']['max_steps'] == 2
    assert str(tmp_path) not in str(origin)
    # It is a start in its turn.
    assert described(str(done.path))['model'] == described('fast_x4')['model']


def test_a_checkpoint_is_a_start_too(tmp_path):
    last = tuned(tmp_path)
    values = described(str(last))
    assert values['profile'] == 'generic'
    model = values['model']
    noise = read_metadata(shipped_models()['fast_x4']).noise
    terms = (noise.constant, noise.linear, noise.quadratic)
    network = build(model['network'], model['scale'], terms, **model['options'])
    load_start(network, str(last))
    state = read_checkpoint(last)['state_dict']
    for key, value in network.state_dict().items():
        assert torch.equal(value, state[f'average.{key}']), key


def test_what_does_not_fit_is_named(tmp_path):
    with pytest.raises(ConfigError, match='neither a shipped model'):
        tuned(tmp_path, start='nothing')
    with pytest.raises(ConfigError, match=r'of another network .*leave the model section out'):
        tuned(tmp_path, model={'scale': 4, 'options': {'width': 8, 'depth': 3}})
