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

import cv2
import numpy as np
import pytest
import torch

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines.registry import open_engine
from cdst_ros.training.adaptation.steps import near_steps
from cdst_ros.training.adaptation.system import AdaptationSystem
from cdst_ros.training.adaptation.teacher import Estimate
from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError
from cdst_ros.training.export import export, origin_of
from cdst_ros.training.train import train

from ..pictured import random_batch

LOSSES = ('low', 'reduced', 'consistency', 'measured', 'taught')
OF_TRUTH = {'likelihood', 'sigmas', 'units', 'teacher_likelihood', 'teacher_sigmas',
            'teacher_units'}  # fmt: skip
OF_RECORDED = {'measured', 'taught', 'low', 'reduced', 'consistency'}


def blind(batch, which=slice(None)):
    """Return a batch whose truth is hidden: what stands in its place is wrong."""
    truth, valid = batch.truth.clone(), batch.truth_valid.clone()
    truth[which], valid[which] = -50.0, 0.0
    return batch._replace(truth=truth, truth_valid=valid)


def box(poster=False):
    """Return a blind sample: a box before a wall, or a flat wall with a poster."""
    depth = torch.full((1, 1, 12, 12), 3.0)
    rgb = torch.full((1, 3, 24, 24), 0.2)
    rgb[..., 11:] = 0.9  # the edge of the poster, or of the box
    if not poster:
        depth[..., 6:] = 2.0
    ones = torch.ones(1)
    return blind(
        random_batch(1)._replace(depth=depth, valid=torch.ones_like(depth), rgb=rgb, has_rgb=ones)
    )


class Scripted(torch.nn.Module):
    """A teacher that sees an edge in depth wherever there is one in colour, and is sure of it."""

    def __init__(self, doubt=0.0):
        super().__init__()
        self.doubt = torch.nn.Parameter(torch.tensor(doubt))

    def forward(self, rgb, units, prompt):
        depth = 3.0 - (rgb[:, :1] > 0.5).float()
        return Estimate(depth, self.doubt.abs().expand_as(depth))


def losses_of(system, batch):
    found = system.step(batch)
    assert all(torch.isfinite(loss) for loss in found.losses.values()), found.losses
    return found.losses


def gradients(system, loss):
    """Return the greatest gradient of the student, and of the teacher."""
    system.zero_grad()
    loss.backward()
    return [
        max(
            (float(w.grad.abs().max()) for w in part.parameters() if w.grad is not None), default=0
        )
        for part in (system.network, system.teacher)
    ]


def test_a_sample_counts_in_the_losses_that_it_has_the_data_for(system_of):
    system = system_of()
    with_truth = losses_of(system, random_batch())
    hidden = losses_of(system, blind(random_batch()))
    assert all(with_truth[name] == 0 for name in OF_RECORDED)
    assert all(with_truth[name] != 0 for name in OF_TRUTH)
    assert all(hidden[name] == 0 for name in OF_TRUTH)
    assert all(hidden[name] > 0 for name in ('low', 'reduced', 'consistency', 'measured'))
    both = losses_of(system, blind(random_batch(), which=slice(2)))
    assert all(both[name] != 0 for name in OF_TRUTH | {'low', 'reduced'})


@pytest.mark.parametrize('name', LOSSES)
def test_what_weighs_nothing_is_not_computed(system_of, name):
    batch = blind(random_batch(), which=slice(2))
    system = system_of({'weights': {name: 0.0}})
    assert name not in losses_of(system, batch)
    assert name in losses_of(system_of(), batch)


def test_who_learns_of_what(system_of):
    system = system_of()
    batch = blind(random_batch(), which=slice(2))
    for name in ('measured', 'likelihood', 'sigmas', 'units'):
        student, teacher = gradients(system, losses_of(system, batch)[name])
        assert student > 0, name
        assert teacher == 0, name
    for name in ('teacher_sigmas', 'teacher_units', 'teacher_likelihood', 'low', 'reduced',
                 'consistency'):  # fmt: skip
        student, teacher = gradients(system, losses_of(system, batch)[name])
        assert student == 0, name
        assert teacher > 0, name


def test_a_step_of_depth_is_taught_to_the_student_alone(system_of):
    system = system_of()
    system.teacher = Scripted(doubt=0.01)
    found = system.step(box())
    assert found.losses['taught'] > 0
    assert 0 < found.figures['teaches/heard'] < 0.5
    student, teacher = gradients(system, found.losses['taught'])
    assert student > 0
    assert teacher == 0


def test_a_poster_on_a_flat_wall_teaches_nothing(system_of):
    system = system_of()
    system.teacher = Scripted()
    found = system.step(box(poster=True))
    assert found.figures['teaches/heard'] == 0
    assert found.losses['taught'] == 0
    assert gradients(system, found.losses['taught']) == [0, 0]


def test_an_edge_of_colour_away_from_the_step_teaches_nothing(system_of):
    system = system_of()
    system.teacher = Scripted()
    batch = box()
    rgb = torch.full_like(batch.rgb, 0.2)
    rgb[..., 4:] = 0.9  # a poster on the wall; the box has its colour
    assert system.step(batch._replace(rgb=rgb)).losses['taught'] == 0


def test_colour_that_is_not_seen_teaches_nothing(system_of):
    system = system_of()
    system.teacher = Scripted()
    batch = box()
    unseen = batch.rgb.clone()
    unseen[..., 7:17] = 0.0
    assert system.step(batch._replace(rgb=unseen)).losses['taught'] == 0
    no_picture = batch._replace(has_rgb=torch.zeros(1))
    assert system.step(no_picture).losses['taught'] == 0


class Told(torch.nn.Module):
    """A teacher whose depth is a weight for every pixel, of the whole picture and the reduced."""

    def __init__(self, *sizes):
        super().__init__()
        self.depths = torch.nn.ParameterDict(
            {str(size): torch.full((1, 1, size, size), 2.2) for size in sizes}
        )

    def forward(self, rgb, units, prompt):
        depth = self.depths[str(rgb.shape[-1])]
        return Estimate(depth, torch.full_like(depth, 0.1))


def test_colour_that_is_not_seen_has_no_part_in_what_is_measured(system_of):
    system = system_of({'prompt': 'none'})
    batch = box(poster=True)
    batch.rgb[..., :5] = 0.0  # two columns of measured depth, and half of a third
    for name, size, unseen in (
        ('reduced', 24, 5),
        ('consistency', 24, 5),
        # Of the reduced picture what is seen in part counts nowhere.
        ('consistency', 12, 3),
        ('low', 12, 3),
    ):
        system.teacher = Told(24, 12)
        # Else the two agree, and draw on each other nowhere.
        system.teacher.depths['12'].data += 0.1
        losses_of(system, batch)[name].backward()
        drawn = system.teacher.depths[str(size)].grad
        beside = {24: 6, 12: 3}[size]
        assert not drawn[..., :unseen].any(), (name, size)
        assert drawn[..., beside:].all(), (name, size)


def test_doubt_of_the_teacher_weighs(system_of):
    system = system_of()
    system.teacher = Scripted(doubt=0.0)
    sure = system.step(box()).losses['taught']
    system.teacher = Scripted(doubt=3.0)
    assert system.step(box()).losses['taught'] < 0.1 * sure


def test_the_teacher_is_heard_when_it_has_learned(system_of):
    system = system_of({'begin': 1})
    system.teacher = Scripted()
    assert system.step(box()).losses['taught'] == 0


@pytest.mark.parametrize('prompt', ['none', 'depth', 'student'])
def test_no_unknown_pixel_has_a_part(system_of, prompt):
    system = system_of({'prompt': prompt})
    batch = blind(random_batch(), which=slice(2))
    batch.valid[..., 2:5, 3:7] = 0.0
    batch.truth_valid[..., 10:14, 2:9] = 0.0
    junk = batch._replace(
        depth=torch.where(batch.valid > 0.5, batch.depth, torch.full_like(batch.depth, 77.0)),
        truth=torch.where(
            batch.truth_valid > 0.5, batch.truth, torch.full_like(batch.truth, -9.0)
        ),
    )
    first, second = losses_of(system, batch), losses_of(system, junk)
    for name, loss in first.items():
        assert torch.allclose(loss, second[name], atol=1e-6), name


@pytest.mark.parametrize(('profile', 'told'), [('generic', True), ('phone_lidar', False)])
def test_beside_a_step_measured_depth_tells_the_mean_of_mixing_sensors_alone(
    system_of, profile, told
):
    system = system_of(profile=profile)
    batch = box()
    wrong = batch.depth.clone()
    wrong[..., 5:7] = 2.5  # what lies between two surfaces
    first, second = (losses_of(system, one) for one in (batch, batch._replace(depth=wrong)))
    assert first['measured'] >= 0
    near = system._tells(near_steps_of(system, batch))
    assert bool((near > 0.5).all()) is told
    assert second['reduced'] > 0


def near_steps_of(system, batch):
    sigma = torch.full_like(batch.depth, 0.002)
    return near_steps(batch.depth, batch.valid, sigma, 2, 2)


def test_without_pictures_measured_depth_teaches_all_the_same(system_of):
    system = system_of()
    batch = blind(random_batch())._replace(rgb=None, has_rgb=None)
    losses = losses_of(system, batch)
    assert losses['measured'] > 0
    assert 'taught' not in losses


@pytest.mark.parametrize('side', [3, 5, 6, 7])
def test_crops_of_any_size_are_taken(system_of, side):
    system = system_of(model={'scale': 4, 'options': {'width': 8, 'depth': 1}})
    generator = torch.Generator().manual_seed(0)
    truth = 1 + torch.rand(2, 1, 4 * side, 4 * side, generator=generator)
    depth = torch.nn.functional.avg_pool2d(truth, 4)
    batch = random_batch(2)._replace(
        depth=depth, valid=torch.ones_like(depth), truth=truth, truth_valid=torch.ones_like(truth),
        rgb=torch.rand(2, 3, 4 * side, 4 * side, generator=generator),
    )  # fmt: skip
    losses = losses_of(system, blind(batch))
    if side < 4:  # nothing that is smaller once more
        assert not {'low', 'reduced', 'consistency'} & set(losses)
    else:
        assert losses['low'] > 0


def test_the_teacher_has_a_learning_rate_of_its_own(system_of):
    system = system_of({'learning_rate': 0.01}, optimiser={'learning_rate': 0.001})
    groups = system.configure_optimizers()['optimizer'].param_groups
    assert [group['initial_lr'] for group in groups] == [0.001, 0.01]
    counted = sum(len(group['params']) for group in groups)
    assert counted == sum(weights.requires_grad for weights in system.parameters())


PROCEDURAL = {'crop': 12, 'sources': [{'kind': 'procedural'}]}
STILL = {'learning_rate': 1e-12, 'weight_decay': 0.0}


def estimation_of(checkpoint, prefix):
    state = read_checkpoint(checkpoint)['state_dict']
    return {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}


def test_the_teacher_begins_with_that_of_an_earlier_adaptation(adaptation):
    earlier = train(adaptation(name='earlier', data=PROCEDURAL, max_steps=3))
    config = adaptation({'start': str(earlier), 'learning_rate': 1e-12}, name='later', seed=5,
                        data=PROCEDURAL, max_steps=1, optimiser=STILL)  # fmt: skip
    last = train(config)
    learned, taken = (estimation_of(one, 'teacher.') for one in (earlier, last))
    assert learned.keys() == taken.keys()
    for name, weights in learned.items():
        torch.testing.assert_close(taken[name], weights, atol=1e-7, rtol=0)
    # Its file tells that, and not where it lay.
    told = origin_of(last)['config']['adaptation']
    assert told['start'] == 'last'
    begun = train(adaptation(name='anew', seed=5, data=PROCEDURAL, max_steps=1, optimiser=STILL))
    anew = estimation_of(begun, 'teacher.')
    assert any(not torch.equal(anew[name], learned[name]) for name in learned)


def test_the_teacher_begins_with_depth_learned_from_lower_resolution(adaptation, tmp_path):
    system = AdaptationSystem(adaptation({'prompt': 'none'}, seed=3).to_dict())
    learned = system.teacher.estimation.state_dict()
    state = {f'average.{name}': value + 1 for name, value in learned.items()}
    torch.save({'state_dict': state, 'global_step': 1}, tmp_path / 'mismatched.ckpt')
    config = adaptation(
        {'prompt': 'none', 'start': str(tmp_path / 'mismatched.ckpt'), 'learning_rate': 1e-12},
        data=PROCEDURAL, max_steps=1, optimiser=STILL,
    )  # fmt: skip
    taken = estimation_of(train(config), 'teacher.estimation.')
    for name, value in learned.items():
        torch.testing.assert_close(taken[name], value + 1, atol=1e-6, rtol=0)
    # It never saw depth beside colour: a teacher that is shown it is another network.
    prompted = adaptation({'start': str(tmp_path / 'mismatched.ckpt')}, name='prompted')
    with pytest.raises(
        ConfigError, match=r'adaptation\.start.* is of another network .* saw that'
    ):
        train(prompted)


def boxes(rng, height, width):
    """Return boxes before a wall [mm]."""
    depth = np.full((height, width), 3000, np.uint16)
    for _ in range(6):
        top, left = rng.integers(2, height - 20), rng.integers(2, width - 24)
        depth[top : top + 18, left : left + 22] = rng.integers(1200, 2200)
    return depth


def test_what_is_exported_is_the_network_of_depth_alone(adaptation, tmp_path):
    camera = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)
    high = camera.scaled(2, GridAlignment.HALF_PIXEL)
    rng = np.random.default_rng(0)
    with RecordingWriter(tmp_path / 'walk', rate_hz=1, stamps_made=True) as writer:
        for number in range(12):
            depth = boxes(rng, 48, 64)
            grey = cv2.resize(255 - depth // 12, (128, 96), interpolation=cv2.INTER_NEAREST)
            color = cv2.merge([grey.astype(np.uint8)] * 3)
            writer.append(
                (number + 1) * 10**9, Picture(depth, 'tof', camera), Picture(color, 'tof', high)
            )
    sources = [
        {'kind': 'recordings', 'path': 'walk', 'share': 0.4},
        {'kind': 'recordings', 'path': 'walk', 'share': 0.4, 'measured': True},
        {'kind': 'procedural', 'share': 0.2},
    ]
    config = adaptation(data={'crop': 12, 'sources': sources, 'root': str(tmp_path)})
    last = train(config)
    out = export(last, tmp_path / 'tiny.onnx').path
    metadata = read_metadata(out)
    assert not metadata.guided
    assert metadata.scale == 2
    assert 'recordings (walk)' in metadata.data
    engine = open_engine(str(out), 'onnxruntime')
    assert not engine.info.guided
    engine.close()
    assert isinstance(AdaptationSystem(config.to_dict()), AdaptationSystem)
