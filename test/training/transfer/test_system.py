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
import csv
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError, TrainConfig, load_config
from cdst_ros.training.export import export
from cdst_ros.training.loading import validation
from cdst_ros.training.start import load_estimation
from cdst_ros.training.system import SuperResSystem
from cdst_ros.training.train import system_of, train
from cdst_ros.training.transfer.networks import block_pairs
from cdst_ros.training.transfer.system import TransferSystem
from cdst_ros.training.transfer.teaching import TeachingShare
from cdst_ros.training.transfer.units import crop_units

from ..pictured import random_batch

NOTHING = {'side': 0, 'output': 0, 'grid': 0, 'local': 0, 'structure': 0}
OF_SUPER_RESOLUTION = {'sigmas', 'units', 'likelihood'}


def gradients(system, losses):
    """Return the norms of the gradients that reach the network and the auxiliary ones."""
    system.zero_grad()
    torch.stack(list(losses)).sum().backward()
    return tuple(
        sum(w.grad.square().sum().item() for w in part.parameters() if w.grad is not None)
        for part in (system.network, system.auxiliary)
    )


def role(monkeypatch, teaches):
    """Give depth estimation the role of the teacher, or that of the student, everywhere."""
    monkeypatch.setattr(
        'cdst_ros.training.transfer.system.estimation_teaches',
        lambda error_sr, *_: torch.full_like(error_sr[:, :, :1, :1], float(teaches)),
    )


@pytest.mark.parametrize('kind', ['output', 'grid', 'local'])
@pytest.mark.parametrize('mode', ['paper', 'high_frequency'])
def test_the_taught_network_alone_learns(joint_system, batch, monkeypatch, kind, mode):
    system = joint_system({'roles': {'mode': mode}, 'weights': {**NOTHING, kind: 1.0}})
    role(monkeypatch, teaches=True)
    to_network, _ = gradients(system, [system.step(batch).losses[kind]])
    of_estimation = system.auxiliary.estimation.first.weight.grad
    assert to_network > 0
    assert of_estimation is None or not of_estimation.any()
    role(monkeypatch, teaches=False)
    to_network, to_auxiliary = gradients(system, [system.step(batch).losses[kind]])
    assert to_network == 0 < to_auxiliary


def test_structure_and_side_outputs_reach_both(joint_system, batch):
    for kind in ('side', 'structure'):
        system = joint_system({'weights': {**NOTHING, kind: 1.0}})
        to_network, _ = gradients(system, [system.step(batch).losses[kind]])
        assert to_network > 0, kind
        assert system.auxiliary.estimation.first.weight.grad.any(), kind


@pytest.mark.parametrize(
    'model',
    [
        {'network': 'dbpn', 'scale': 2, 'options': {'width': 4, 'features': 8, 'blocks': 2}},
        {'network': 'lite', 'scale': 2, 'options': {'width': 8, 'depth': 1, 'blocks': 2}},
    ],
)
def test_any_network_that_shows_its_blocks_takes_part(joint_system, batch, model):
    system = joint_system(model=model)
    assert len(system.auxiliary.pairs) == 2
    losses = system.step(batch).losses
    transferred = [losses[name] for name in ('side', 'output', 'grid', 'local', 'structure')]
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(part > 0 for part in gradients(system, transferred))


def test_a_grid_finer_than_features_is_that_of_the_coarser_network(joint_system, batch):
    system = joint_system({'grid': 100})
    joined = system.join(batch, system.network.features(batch.depth, batch.valid))
    for sr, de in system.affinities(joined)['grid']:
        assert sr.shape == de.shape == (4, 144, 144)


@pytest.mark.parametrize('name', ['fast_x4_transfer', 'ctkt_x4'])
def test_the_shipped_configurations_can_be_built(name):
    small = {'ctkt_x4': ['model.options={width: 4, features: 8, blocks: 2}']}
    system = TransferSystem(load_config(name, small.get(name, [])).to_dict())
    weights = system.transfer.weights
    assert min(weights.side, weights.output, weights.grid, weights.local, weights.structure) > 0
    assert system.auxiliary.structure is not None


def test_blocks_that_lie_equally_deep_are_pairs():
    assert block_pairs(3, 3) == ((0, 0), (1, 1), (2, 2))
    assert block_pairs(2, 4) == ((0, 1), (1, 3))
    assert block_pairs(7, 3) == ((1, 0), (3, 1), (6, 2))


def test_what_weighs_nothing_is_not_there(joint, batch):
    system = TransferSystem(joint({'weights': NOTHING}).to_dict())
    found = system.step(batch)
    assert found.losses.keys() == OF_SUPER_RESOLUTION | {'estimation', 'estimation_likelihood'}
    assert found.figures == {}
    assert system.auxiliary.structure is None
    assert not len(system.auxiliary.sides_sr)


def test_depth_alone_trains_super_resolution_alone(joint_system):
    system = joint_system()
    found = system.step(random_batch(pictured=False)).losses
    assert all(found[name] == 0 for name in found.keys() - OF_SUPER_RESOLUTION)
    to_network, to_auxiliary = gradients(system, found.values())
    assert to_network > 0 == to_auxiliary


def test_processes_without_a_picture_run_the_same_networks(joint_system):
    """Processes that train together wait for the gradients of all weights."""
    system = joint_system()
    gradients(system, system.step(random_batch(pictured=False)).losses.values())
    assert all(weights.grad is not None for weights in system.auxiliary.parameters())


def test_samples_without_a_picture_have_no_part_in_the_transfer(joint_system):
    system = joint_system()
    mixed = random_batch(pictured=[1.0, 0, 1, 0])
    alone = type(mixed)(*(part[::2] for part in mixed))
    ours, theirs = system.step(mixed).losses, system.step(alone).losses
    for name in ours.keys() - OF_SUPER_RESOLUTION:
        assert ours[name].item() == pytest.approx(theirs[name].item(), rel=1e-4), name
    assert ours['units'] != theirs['units']


def test_the_truth_has_no_part_in_what_is_estimated(joint_system, batch):
    system = joint_system()
    other = batch._replace(truth=5 * batch.truth)
    estimates = [
        system.join(one, system.network.features(one.depth, one.valid)).de
        for one in (batch, other)
    ]
    assert torch.equal(*estimates)


@pytest.mark.parametrize('prompted', [False, True])
def test_disparity_counts_downwards(joint_system, batch, prompted):
    system = joint_system({'prompted': prompted})
    sr = system.network.features(batch.depth, batch.valid)
    joined = system.join(batch, sr)
    turned = system.join(batch._replace(disparity=torch.ones(4)), sr)
    if prompted:
        assert not torch.equal(joined.de, turned.de)
    else:
        assert torch.allclose(joined.de - joined.units.mean, turned.units.mean - turned.de)


def test_a_prompted_teacher_starts_at_the_enlarged_input(joint, batch):
    system = TransferSystem(joint({'prompted': True}).to_dict())
    torch.nn.init.zeros_(system.auxiliary.estimation.depth.weight)
    joined = system.join(batch, system.network.features(batch.depth, batch.valid))
    wanted = torch.nn.functional.interpolate(batch.depth, scale_factor=2, mode='bilinear')
    assert torch.allclose(joined.de, wanted, atol=1e-5)


def shown_to(system, batch):
    """Return what depth estimation is shown of a batch."""
    shown = []
    hook = system.auxiliary.estimation.register_forward_pre_hook(
        lambda _, given: shown.append(given[0])
    )
    system.join(batch, system.network.features(batch.depth, batch.valid))
    hook.remove()
    return shown[0]


def test_a_hole_is_shown_to_a_prompted_teacher_as_the_mean(joint_system, batch):
    system = joint_system({'prompted': True})
    whole = shown_to(system, batch)
    units = crop_units(batch.depth, batch.valid, system._sigma(batch.depth))
    large = torch.nn.functional.interpolate(batch.depth, scale_factor=2, mode='bilinear')
    assert torch.allclose(whole[:, 3:], (large - units.mean) / units.spread, atol=1e-5)
    valid = batch.valid.clone()
    valid[:, :, 4:8, 4:8] = 0
    holed = batch._replace(depth=batch.depth * valid, valid=valid)
    shown = shown_to(system, holed)
    # The inner ones of its pixels have no measured one beside them.
    assert (shown[:, 3, 9:15, 9:15] == 0).all()
    units = crop_units(holed.depth, valid, system._sigma(holed.depth))
    measured = (batch.depth - units.mean) / units.spread
    assert shown[:, 3].min() >= measured.min()


def test_the_branch_that_errs_has_no_part_in_the_structure(joint_system, batch):
    system = joint_system({'weights': {**NOTHING, 'structure': 1.0}})
    joined = system.join(batch, system.network.features(batch.depth, batch.valid))
    system.auxiliary.structure.fusion.log_power.data.fill_(3.0)
    far = joined._replace(de=joined.truth + 1e6)
    other = far._replace(blocks_de=tuple(block + 1 for block in far.blocks_de))
    assert torch.allclose(system.structure(far), system.structure(other), atol=1e-4)
    near = joined._replace(de=joined.truth)
    other = near._replace(blocks_de=other.blocks_de)
    assert not torch.allclose(system.structure(near), system.structure(other), atol=1e-4)


def test_roles_by_what_the_input_hides_ignore_low_frequencies(joint_system, batch):
    """One that is a metre off, but right about edges, may teach; in the paper's mode not."""
    for mode, wanted in (('high_frequency', 1.0), ('paper', 0.0)):
        system = joint_system({'roles': {'mode': mode}, 'weights': {**NOTHING, 'grid': 1.0}})
        joined = system.join(batch, system.network.features(batch.depth, batch.valid))
        found = system._affinity_space(joined._replace(de=joined.truth + 1.0))
        assert found.figures['teaches/affinity'] == wanted, mode


def test_the_transfer_begins_when_it_is_told(joint):
    transfer = joint({'begin': 3, 'ramp': 1}).transfer
    assert [transfer.strength(step) for step in range(2, 6)] == [0, 0.5, 1, 1]
    assert joint().transfer.strength(0) == 1


def at_step(monkeypatch, step):
    monkeypatch.setattr(TransferSystem, 'global_step', property(lambda _: step))


def test_before_it_begins_nothing_is_transferred_and_both_learn(joint_system, batch, monkeypatch):
    system = joint_system({'begin': 3, 'ramp': 1})
    taught = {'output', 'grid', 'local'}
    found = {}
    for step in (2, 3, 4):
        at_step(monkeypatch, step)
        found[step] = {k: v.item() for k, v in system.step(batch).losses.items()}
    for name, whole in found[4].items():
        assert whole > 0 or name.endswith('likelihood'), name
        wanted = (0.0, whole / 2) if name in taught else (whole, whole)
        assert (found[2][name], found[3][name]) == pytest.approx(wanted), name


def test_without_a_teacher_nothing_that_is_estimated_is_taught(joint_system, batch, monkeypatch):
    role(monkeypatch, teaches=True)
    for teacher in (True, False):
        system = joint_system({'teacher': teacher, 'weights': {**NOTHING, 'output': 1.0}})
        before = system.step(batch).losses['output'].item()
        with torch.no_grad():
            for weights in system.auxiliary.parameters():
                weights.mul_(1.5)
            # What super-resolution makes at its sides is to stay as it was.
            for weights in system.auxiliary.sides_sr.parameters():
                weights.div_(1.5)
        after = system.step(batch).losses['output'].item()
        assert (after == pytest.approx(before, rel=1e-5)) != teacher


def test_the_last_outputs_are_drawn_together_too_where_it_is_asked_for(joint_system, batch):
    system, loss = joint_system({'weights': {**NOTHING, 'output': 1.0}}), {}
    for final in (False, True):
        system.transfer = replace(system.transfer, final=final)
        loss[final] = system.step(batch).losses['output'].item()
    joined = system.join(batch, system.network.features(batch.depth, batch.valid))
    blocks, last = len(joined.sides), joined._replace(sides=[])
    alone = system._output_space(last).losses['output'].item()
    assert loss[True] == pytest.approx((blocks * loss[False] + alone) / (blocks + 1))
    assert alone > 0


def differing(system, batch):
    """Return what both make where depth estimation errs less on three of four samples."""
    joined = system.join(batch, system.network.features(batch.depth, batch.valid))
    off = torch.tensor([0.5, 0.5, 0.5, 5.0]).view(4, 1, 1, 1)
    sr, de = joined.truth + 1.0, joined.truth + off
    sides = [(sr, de)] * len(joined.sides)
    return joined._replace(sr=joined.sr._replace(depth=sr), de=de, sides=sides)


@pytest.mark.parametrize(('extent', 'share'), [('sample', 0.75), ('iteration', 0.0)])
def test_who_teaches_is_decided_over_the_extent_that_is_asked_for(
    joint_system, batch, extent, share
):
    roles = {'mode': 'paper', 'output': extent, 'affinity': extent}
    system = joint_system({'roles': roles})
    joined = differing(system, batch)
    found = system._output_space(joined), system._affinity_space(joined)
    assert found[0].figures == {'teaches/output': share}
    assert found[1].figures == {'teaches/affinity': share}
    # Of three samples super-resolution is drawn down by 0.5, of one depth estimation by 4, or all
    # of depth estimation: the gradient stops at the teacher, the distance is the same.
    spread = joined.units.spread.flatten()
    wanted = (torch.tensor([0.5, 0.5, 0.5, 4.0]) / spread).mean()
    assert found[0].losses['output'].item() == pytest.approx(wanted.item(), rel=1e-4)


def test_who_teaches_in_output_space_may_be_decided_by_the_pixel(joint_system, batch):
    system = joint_system({'roles': {'mode': 'paper', 'output': 'pixel', 'affinity': 'sample'}})
    joined = differing(system, batch)
    half = torch.arange(24).view(1, 1, 1, -1) < 6
    sides = [(sr, torch.where(half, joined.truth + 9, de)) for sr, de in joined.sides]
    found = system._output_space(joined._replace(sides=sides))
    assert found.figures['teaches/output'].item() == pytest.approx(0.75 * 0.75)


def test_predicted_uncertainty_needs_no_truth(joint_system, batch):
    for uncertainty in ('error', 'predicted'):
        system = joint_system({'uncertainty': uncertainty})
        joined = system.join(batch, system.network.features(batch.depth, batch.valid))
        logits = system.structure(joined)
        truth = joined._replace(truth=joined.truth + 3 * torch.rand_like(joined.truth))
        doubt = joined._replace(scale_de=5 * joined.scale_de)
        moved = [not torch.allclose(system.structure(o), logits) for o in (truth, doubt)]
        assert moved == ([True, False] if uncertainty == 'error' else [False, True])


def test_both_parts_are_clipped_alone(joint_system):
    system = joint_system()
    for part, size in ((system.network, 1e-6), (system.auxiliary, 1e3)):
        for weights in part.parameters():
            weights.grad = torch.full_like(weights, size)
    small = [weights.grad.clone() for weights in system.network.parameters()]
    system.configure_gradient_clipping()
    clipped = torch.cat([weights.grad.flatten() for weights in system.auxiliary.parameters()])
    assert clipped.norm().item() == pytest.approx(system.config.optimiser.clip, rel=1e-3)
    for weights, before in zip(system.network.parameters(), small, strict=True):
        assert torch.equal(weights.grad, before)


@pytest.mark.parametrize('teacher', [True, False])
def test_a_teacher_that_taught_nothing_is_told_of_at_the_end(joint, monkeypatch, capsys, teacher):
    role(monkeypatch, teaches=False)
    train(joint({'teacher': teacher, 'begin': 1}, max_steps=3))
    lines = [line for line in capsys.readouterr().err.splitlines() if 'in less than 5%' in line]
    wanted = ['teaches/output', 'teaches/affinity'] if teacher else ['teaches/affinity']
    assert [line.split()[0] for line in lines] == wanted
    assert all('was 0.000 in the mean of 2 steps' in line for line in lines)


def test_steps_without_a_picture_have_no_part_in_that(joint):
    taught = TeachingShare(joint().transfer)
    for share, pictured in ((1.0, True), (0.0, False), (0.0, False)):
        figures = {'teaches/output': torch.tensor(share)}
        trainer = SimpleNamespace(global_step=1, callback_metrics=figures)
        taught.on_train_batch_end(trainer, None, None, random_batch(pictured=pictured), 0)
    assert taught.shares() == {'teaches/output': 1.0}


def test_a_teacher_that_taught_is_not(joint, monkeypatch, capsys):
    role(monkeypatch, teaches=True)
    train(joint(max_steps=2))
    assert 'depth estimation taught' not in capsys.readouterr().err


def test_every_arm_begins_alike(joint, tiny):
    """Paired seeds: what is built beside the network must not move its random numbers."""
    configs = [tiny(), joint(), joint({'weights': NOTHING})]
    systems = []
    for config in configs:
        systems.append((system_of(config), torch.rand(1)))
    (alone, drawn), *others = systems
    assert type(alone) is SuperResSystem
    for system, number in others:
        assert number == drawn
        for ours, theirs in zip(
            system.network.parameters(), alone.network.parameters(), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_resuming_continues_the_same_curve_exactly(joint):
    whole = read_checkpoint(train(joint(name='whole')))
    half = train(joint(name='parts', max_steps=3, schedule_steps=6))
    resumed = read_checkpoint(train(joint(name='parts'), resume=half))
    for part in ('state_dict', 'optimizer_states', 'lr_schedulers', 'random'):
        assert same(resumed[part], whole[part]), part
    assert any(key.startswith('auxiliary.') for key in whole['state_dict'])
    columns = ('loss', 'loss/output', 'loss/structure', 'teaches/affinity')
    for column in columns:
        found = curve(joint(name='parts'), column)
        assert found == curve(joint(name='whole'), column)
        assert len(found) == 6


def test_a_checkpoint_on_the_way_holds_everything(joint):
    config = joint(checkpoint_every=4)
    whole = read_checkpoint(train(config))
    resumed = read_checkpoint(train(joint(name='parts'), resume=config.folder / 'step_4.ckpt'))
    for part in ('state_dict', 'optimizer_states', 'lr_schedulers', 'random'):
        assert same(resumed[part], whole[part]), part


def same(ours, theirs):
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list):
        return all(same(a, b) for a, b in zip(ours, theirs, strict=True))
    return torch.equal(ours, theirs) if torch.is_tensor(ours) else ours == theirs


def curve(config, column):
    files = sorted(Path(config.folder).glob('curves/*/metrics.csv'))
    rows = [row for file in files for row in csv.DictReader(file.open())]
    return [float(row[column]) for row in rows if row.get(column)]


def test_what_is_exported_is_the_network_alone(joint, tiny, tmp_path):
    models = []
    for name, config in (('joint', joint(max_steps=1)), ('alone', tiny(name='a', max_steps=1))):
        path = export(train(config), tmp_path / f'{name}.onnx').path
        models.append(onnx.load(str(path)).graph)
    ours, theirs = models
    assert [node.op_type for node in ours.node] == [node.op_type for node in theirs.node]
    assert [i.name for i in ours.input] == ['depth', 'valid']
    assert not any('auxiliary' in weights.name for weights in ours.initializer)


def test_it_learns(joint):
    system = TransferSystem(
        joint(optimiser={'warmup_steps': 1, 'learning_rate': 1e-2, 'clip': 100.0}).to_dict()
    )
    optimiser = system.configure_optimizers()['optimizer']
    # Depth that colour shows: what is bright is far.
    batch = random_batch()
    batch = batch._replace(rgb=(batch.truth - 1).expand(-1, 3, -1, -1).contiguous())
    first = system.step(batch).losses
    for _ in range(30):
        losses = system.step(batch).losses
        optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimiser.step()
    for name in ('units', 'estimation', 'side', 'structure'):
        assert losses[name] < 0.95 * first[name], name


def test_bfloat16_gives_much_the_same(joint_system, batch):
    system = joint_system()
    exact = system.step(batch).losses
    with torch.autocast('cpu', torch.bfloat16):
        coarse = system.step(batch).losses
    for name in ('units', 'estimation', 'side', 'structure'):
        assert coarse[name].item() == pytest.approx(exact[name].item(), rel=0.05), name
    assert all(torch.isfinite(loss) for loss in coarse.values())


def test_the_log_shows_what_both_networks_see(joint, monkeypatch):
    shown = {}

    monkeypatch.setattr(
        SummaryWriter, 'add_image', lambda _, name, image, *__: shown.update({name: image})
    )
    train(joint(max_steps=1, validate_every=1, data={'batch_size': 4}))
    assert shown['RGB | LR | D_sr | D_de | truth | S'].shape == (3, 4 * 24, 6 * 24)
    assert shown['affinity grid | sr | de'].shape == (1, 16, 32)
    assert shown['affinity local | sr | de'].shape == (1, 4 * 12, 2 * 12)
    for image in shown.values():
        assert image.min() >= -0.01
        assert image.max() <= 1.01


def test_validation_shows_pictures_of_the_same_samples(joint):
    config = joint(data={'batch_size': 3, 'tiles': 2})
    pictured = validation(config).loaders[0].dataset
    plain = validation(replace(config, transfer=None)).loaders[0].dataset
    assert len(pictured) == len(plain) == 4
    for ours, theirs in zip(pictured, plain, strict=True):
        assert ours.has_rgb.all()
        assert all(torch.equal(a, b) for a, b in zip(ours[:4], theirs[:4], strict=True))


def test_the_transfer_needs_pictures(tiny):
    with pytest.raises(ConfigError, match=r'set data\.color'):
        tiny(transfer={})


@pytest.mark.parametrize(
    ('section', 'message'),
    [
        ({'roles': {'mode': 'wise'}}, r'transfer\.roles: mode must be one of high_frequency'),
        ({'roles': {'affinity': 'pixel'}}, 'affinity must be one of sample, iteration'),
        ({'weights': {'output': -1.0}}, 'output must not be negative'),
        ({'weights': {'likelihood': 0.0}}, 'trains on depth or hidden, and on likelihood'),
        ({'window': 4}, 'window odd'),
        ({'ramp': -1}, 'must not be negative'),
        ({'teachers': 2}, 'unknown key teachers'),
        ({'estimation': {'stem': 5}}, r'stem 5 does not divide the 24 px of a crop'),
    ],
)
def test_a_section_that_can_not_be_used_is_refused(joint, section, message):
    with pytest.raises(ConfigError, match=message):
        joint(section)


def test_a_file_or_an_override_may_switch_it_off(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text(
        'data: {color: true, sources: [{kind: procedural}]}\n'
        'transfer: {estimation: {width: 8}, weights: {output: 3}}\n'
    )
    config = load_config(str(file))
    assert config.transfer.weights.output == 3.0
    assert TrainConfig.from_dict(config.to_dict()) == config
    assert load_config(str(file), ['transfer=null']).transfer is None
    assert load_config(str(file), ['transfer.teacher=false']).transfer.teacher is False


def test_a_loss_that_is_not_finite_leaves_its_batch(joint):
    from cdst_ros.training.system import TrainingError

    system = TransferSystem(joint().to_dict())
    batch = random_batch()
    batch.rgb[2] = np.nan
    with pytest.raises(TrainingError, match=r'estimation nan.*batch is in .*not_finite_0_0\.pt'):
        system.training_step(batch, 0)
    kept = torch.load(system.config.folder / 'not_finite_0_0.pt', weights_only=True)
    assert kept['rgb'][2].isnan().all()
    assert torch.equal(kept['truth'], batch.truth)


def test_depth_estimation_goes_on_from_an_earlier_training(joint, tmp_path):
    earlier = joint(max_steps=2, name='earlier')
    last = train(earlier)
    begun = joint({'start': str(last)}, max_steps=1, name='later', seed=5)
    begun = replace(begun, optimiser=replace(begun.optimiser, learning_rate=1e-12))
    first, second = (read_checkpoint(path)['state_dict'] for path in (last, train(begun)))
    for part, same in (('estimation', True), ('sides_de', True), ('sides_sr', False)):
        names = [name for name in first if name.startswith(f'auxiliary.{part}.')]
        assert names
        alike = [torch.allclose(first[name], second[name], atol=1e-6) for name in names]
        assert all(alike) == same, part


def test_an_earlier_training_of_another_network_is_refused(joint):
    last = train(joint(max_steps=1, name='earlier'))
    other = joint(
        {'start': str(last), 'estimation': {'width': 4, 'blocks': 3, 'stem': 2}}, name='later'
    )
    with pytest.raises(ConfigError, match=r'transfer\.start.* is of another network .*do not fit'):
        train(other)


def test_depth_estimation_goes_on_from_depth_of_lower_resolution(joint, tmp_path):
    learned = system_of(joint(seed=3)).auxiliary.estimation.state_dict()
    state = {f'average.{name}': value + 1 for name, value in learned.items()}
    torch.save({'state_dict': state, 'global_step': 1}, tmp_path / 'mismatched.ckpt')
    system = system_of(joint())
    load_estimation(system.auxiliary, str(tmp_path / 'mismatched.ckpt'))
    for name, value in system.auxiliary.estimation.state_dict().items():
        assert torch.equal(value, learned[name] + 1), name
