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
import numpy as np
import pytest
import torch

from cdst_ros.models.registry import build
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.store import shipped_models
from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import load_config
from cdst_ros.training.export import export, load_network
from cdst_ros.training.guided.system import GuidedSystem
from cdst_ros.training.start import gain_of
from cdst_ros.training.train import system_of, train


def weights_of(checkpoint, part):
    state = read_checkpoint(checkpoint)['state_dict']
    return {key[len(part) :]: value for key, value in state.items() if key.startswith(part)}


def test_the_branch_of_depth_alone_learns_what_it_would_alone(guided, tiny):
    # Of the same samples, whatever colour does; to the last bit.
    config = guided(max_steps=4)
    alone = config.model.options['alone']
    options = {key: value for key, value in alone.items() if key != 'network'}
    other = tiny(
        name='alone',
        max_steps=4,
        model={'network': 'lite', 'scale': 2, 'options': options},
        data=config.to_dict()['data'],
    )
    beside = weights_of(train(config), 'network.alone.')
    by_itself = weights_of(train(other), 'network.')
    assert beside.keys() == by_itself.keys()
    for key, value in by_itself.items():
        assert torch.equal(value, beside[key]), key


def test_every_part_learns(guided):
    last = train(guided({'blind': 0.0}, max_steps=4))
    before = system_of(guided()).network.state_dict()
    for key, value in weights_of(last, 'network.').items():
        assert not torch.equal(value, before[key]), key


def test_losses_are_of_the_output_and_of_both_branches(guided, batch):
    names = {'sigmas', 'units', 'likelihood'}
    system = GuidedSystem(guided().to_dict())
    losses = system.step(batch).losses
    assert set(losses) == {
        f'{branch}{name}' for branch in ('', 'alone_', 'estimation_') for name in names
    }
    system = GuidedSystem(guided({'estimation': 0.0}).to_dict())
    assert set(system.step(batch).losses) == {
        f'{branch}{name}' for branch in ('', 'alone_') for name in names
    }


def test_samples_without_a_picture_teach_depth_alone_only(guided, batch):
    system = GuidedSystem(guided().to_dict())
    blind = batch._replace(rgb=torch.zeros_like(batch.rgb), has_rgb=torch.zeros(len(batch.depth)))
    losses = system.step(blind).losses
    assert all(loss.item() == 0 for name, loss in losses.items() if 'alone' not in name)
    torch.stack(list(losses.values())).sum().backward()
    network = system.network
    assert any(w.grad is not None and w.grad.any() for w in network.alone.parameters())
    assert not any(w.grad is not None and w.grad.any() for w in network.estimation.parameters())


def test_colour_that_shows_the_edges_makes_depth_better(guided, tmp_path):
    # Two surfaces, and colour that tells to which a pixel belongs; the input cannot.
    config = guided({'blind': 0.0, 'patched': 0.0, 'shifted': 0.0, 'tinted': 0.0})
    system = system_of(config)
    generator = torch.Generator().manual_seed(0)

    def edges(count):
        from cdst_ros.training.data import Batch

        columns = torch.arange(24).view(1, 1, 1, 24)
        at = torch.randint(3, 21, (count, 1, 1, 1), generator=generator)
        near = (columns < at).float().expand(count, 1, 24, 24).contiguous()
        truth = 2.0 - near
        depth = torch.nn.functional.avg_pool2d(truth, 2)
        ones = torch.ones_like
        rgb = 0.2 + 0.6 * near.expand(count, 3, 24, 24)
        return Batch(depth, ones(depth), truth, ones(truth), rgb, torch.ones(count))

    with torch.enable_grad():
        optimiser = torch.optim.Adam(system.network.parameters(), 5e-3)
        for _ in range(150):
            optimiser.zero_grad()
            torch.stack(list(system.step(edges(8)).losses.values())).sum().backward()
            optimiser.step()
    batch = edges(32)
    with torch.no_grad():
        found = system.network.branches(batch.depth, batch.valid, batch.rgb)
        errors = {
            name: (getattr(found, name).depth - batch.truth).abs().mean().item()
            for name in ('fused', 'alone', 'estimate')
        }
    assert errors['fused'] < 0.5 * errors['alone'], errors
    # And it says so.
    assert found.fused.sigma.mean() < 0.7 * found.alone.sigma.mean()


@pytest.fixture(scope='module')
def frozen(tmp_path_factory):
    """Return the checkpoint of a small training beside the shipped fast_x4, and its model."""
    folder = tmp_path_factory.mktemp('frozen')
    torch.set_num_threads(1)
    config = load_config(
        'guided_x4',
        [
            *('start=fast_x4', 'name=frozen', f'runs={folder}', 'max_steps=3'),
            *('data.crop=12', 'data.batch_size=2', 'data.tiles=1', 'data.workers=0'),
            *('data.pool=2', f'data.kept={folder}/kept', 'precision=32-true', 'validate_every=3'),
            'model.options={width: 6, blocks: 1, fold: 4}',
        ],
    )
    last = train(config, command='cdst-ros train guided_x4')
    return last, export(last, folder / 'frozen.onnx')


def test_a_frozen_branch_is_that_of_the_start(frozen):
    checkpoint, exported = frozen
    start = load_config('guided_x4', ['start=fast_x4']).model.options['alone']
    alone = build(scale=4, noise=(0.0, 0.0, 0.0), **start)
    from cdst_ros.training.start import load_start

    load_start(alone, 'fast_x4')
    for part in ('network.alone.', 'average.alone.'):
        for key, value in weights_of(checkpoint, part).items():
            assert torch.equal(value, alone.state_dict()[key])
    network, metadata = load_network(checkpoint)
    assert float(network.alone.gain) == gain_of('fast_x4')
    assert gain_of(str(exported.path)) == gain_of('fast_x4')
    assert metadata.guided
    assert metadata.scale == 4


def test_the_model_tells_no_folder_of_the_machine_that_made_it(frozen):
    checkpoint, exported = frozen
    assert checkpoint.parent.parent.name.encode() not in exported.path.read_bytes()


@pytest.mark.parametrize('engine', ['onnxruntime', 'openvino'])
def test_without_colour_the_model_does_what_its_start_does(frozen, engine):
    pytest.importorskip(engine)
    rng = np.random.default_rng(0)
    depth = (0.5 + 5 * rng.random((23, 31))).astype(np.float32)
    depth[rng.random(depth.shape) < 0.1] = np.nan
    wanted = SuperResolution(open_engine(shipped_models()['fast_x4'], engine))(depth)
    opened = SuperResolution(open_engine(frozen[1].path, engine))
    for rgb in (None, np.zeros((92, 124, 3), np.uint8)):
        found = opened(depth, rgb)
        np.testing.assert_allclose(found.depth, wanted.depth, atol=2e-5)
        np.testing.assert_allclose(found.sigma, wanted.sigma, atol=2e-5)


@pytest.mark.parametrize('engine', ['onnxruntime', 'openvino'])
def test_engines_compute_what_torch_does(frozen, engine):
    pytest.importorskip(engine)
    network = load_network(frozen[0])[0]
    opened = open_engine(frozen[1].path, engine)
    for size in ((1, 1), (3, 17), (37, 23)):
        assert_same(opened, network, size)
    opened.close()


def assert_same(opened, network, size):
    """Hold an engine against its network on a frame of random depth and colour."""
    rng = np.random.default_rng(0)
    depth = (0.5 + 5 * rng.random(size)).astype(np.float32)
    valid = rng.random(size) < 0.8
    rgb = rng.integers(0, 256, (4 * size[0], 4 * size[1], 3), dtype=np.uint8)
    rgb[: 2 * size[0]] *= rng.random((2 * size[0], 4 * size[1], 1)) < 0.7
    with torch.no_grad():
        wanted = [
            output[0, 0].numpy()
            for output in network(
                torch.from_numpy(depth)[None, None],
                torch.from_numpy(valid)[None, None].float(),
                torch.from_numpy(rgb).permute(2, 0, 1)[None] / 255,
            )
        ]
    given = opened.infer(depth, valid, rgb)
    assert np.array_equal(given.valid, wanted[2] > 0.5)
    assert np.abs(given.depth - wanted[0])[given.valid].max(initial=0) < 2e-5
    assert np.abs(given.sigma - wanted[1])[given.valid].max(initial=0) < 2e-5


def test_a_guided_model_is_a_start_as_any_other(frozen, tmp_path):
    config = load_config(
        'guided_x4',
        [
            *(f'start={frozen[1].path}', 'name=more', f'runs={tmp_path}', 'max_steps=1'),
            *('data.crop=12', 'data.batch_size=2', 'data.tiles=1', 'data.workers=0'),
            *('data.pool=2', 'precision=32-true', 'optimiser.learning_rate=1.0e-12'),
            'model.options={}',
        ],
    )
    assert config.model.options['width'] == 6
    average = weights_of(train(config), 'average.')
    for key, value in weights_of(frozen[0], 'average.').items():
        assert torch.allclose(average[key], value, atol=1e-6), key
