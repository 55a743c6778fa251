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
import torch

from cdst_ros.training.mismatched.distillation import grid_loss, local_loss

LOSSES = [(grid_loss, 3), (local_loss, 3)]


def features(channels=5, size=9, seed=0):
    return torch.randn(2, channels, size, size, generator=torch.Generator().manual_seed(seed))


VALID = torch.ones(2, 1, 9, 9)
HOLES = VALID.clone()
HOLES[..., 2:5, 3:7] = 0
HOLES[..., 6:, :3] = 0  # a whole cell of the grid


@pytest.mark.parametrize(('loss', 'size'), LOSSES)
def test_the_student_alone_learns(loss, size):
    teacher, student = features(seed=1).requires_grad_(), features(8, seed=2).requires_grad_()
    loss(teacher, student, VALID, size).backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


@pytest.mark.parametrize(('loss', 'size'), LOSSES)
def test_the_same_structure_in_other_features_is_no_loss(loss, size):
    turn = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(3)))[0]
    one = features()
    other = 3 * torch.einsum('dc,nchw->ndhw', turn, one)
    assert loss(one, other, HOLES, size) < 1e-9
    assert loss(one, features(seed=4), HOLES, size) > 1e-2


@pytest.mark.parametrize(('loss', 'size'), LOSSES)
@pytest.mark.parametrize('nonsense', [torch.nan, 1e6])
def test_features_where_nothing_was_measured_have_no_part(loss, size, nonsense):
    def run(teacher, student):
        student = student.clone().requires_grad_()
        found = loss(teacher, student, HOLES, size)
        (gradient,) = torch.autograd.grad(found, student)
        return found, gradient

    def spoilt(image):
        return torch.where(HOLES > 0.5, image, torch.full_like(image, nonsense))

    found, gradient = run(features(seed=1), features(seed=2))
    other, same = run(spoilt(features(seed=1)), spoilt(features(seed=2)))
    assert found > 0
    assert torch.equal(found, other)
    assert torch.equal(gradient, same)
    assert not (gradient * (1 - HOLES)).any()


@pytest.mark.parametrize(('loss', 'size'), LOSSES)
def test_nothing_measured_is_no_loss(loss, size):
    assert loss(features(seed=1), features(seed=2), 0 * VALID, size) == 0


@pytest.mark.parametrize(('loss', 'size'), LOSSES)
def test_finer_features_are_compared_on_the_coarser_grid(loss, size):
    coarse = features(size=9, seed=1)
    fine = coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)
    mask = HOLES.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert loss(fine, coarse, mask, size) < 1e-9
