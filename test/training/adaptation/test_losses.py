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

from cdst_ros.training.adaptation.losses import (
    Lesson,
    beside_no_step,
    measured_loss,
    taught_loss,
    trust,
)


def image(*shape, seed=0):
    return torch.rand(1, 1, *shape, generator=torch.Generator().manual_seed(seed))


def test_measured_depth_is_met_within_its_sigma():
    high = torch.full((1, 1, 4, 4), 2.0)
    measured = torch.tensor([[2.0, 2.009], [2.03, 1.95]])[None, None]
    sigma = torch.full_like(measured, 0.01)
    ones = torch.ones_like(measured)
    known = torch.ones_like(high)
    # By 0, 0.9, 3 and 5 sigma; the first of them is free.
    loss = measured_loss(high, known, measured, ones, sigma)
    assert loss.item() == pytest.approx((0 + 0 + 2 + 4) / 4, rel=1e-3)
    valid = torch.tensor([[1.0, 1.0], [1.0, 0.0]])[None, None]
    loss = measured_loss(high, known, measured, valid, sigma)
    assert loss.item() == pytest.approx(2 / 3, rel=1e-3)


def test_measured_depth_teaches_the_mean_of_a_block_alone():
    high = (2.0 + image(4, 4)).requires_grad_()
    measured, ones = torch.full((1, 1, 2, 2), 1.0), torch.ones(1, 1, 2, 2)
    measured_loss(high, torch.ones(1, 1, 4, 4), measured, ones, 0.01 * ones).backward()
    blocks = high.grad.reshape(2, 2, 2, 2).transpose(1, 2).reshape(4, 4)
    assert torch.allclose(blocks, blocks[:, :1].expand(4, 4))
    assert (blocks > 0).all()


@pytest.mark.parametrize('junk', [torch.nan, torch.inf, -5.0])
def test_what_was_not_measured_or_is_not_known_has_no_part(junk):
    high = (2.0 + image(4, 4)).requires_grad_()
    known = torch.ones(1, 1, 4, 4)
    known[..., 0, 0] = 0  # spoils the whole block
    measured, valid = torch.full((1, 1, 2, 2), 1.0), torch.ones(1, 1, 2, 2)
    measured[..., 1, 1], valid[..., 1, 1] = junk, 0.0
    sigma = torch.full_like(measured, 0.01)
    measured_loss(high, known, measured, valid, sigma).backward()
    assert torch.isfinite(high.grad).all()
    assert not high.grad[..., :2, :2].any()
    assert not high.grad[..., 2:, 2:].any()
    assert high.grad[..., :2, 2:].all()


def taught(student, teacher, **other):
    ones = torch.ones_like(student)
    lesson = Lesson(teacher, doubt=0.0 * ones, unit=ones, known=ones, heard=ones)
    return taught_loss(student, lesson._replace(**other), 2)


def test_low_frequencies_of_the_teacher_teach_nothing():
    student = image(8, 8)
    smooth = torch.full_like(student, 5.0)
    assert taught(student, student + smooth).item() == pytest.approx(0, abs=1e-6)
    assert taught(student, image(8, 8, seed=1)).item() > 0.1


def test_the_student_alone_gets_a_gradient():
    student, teacher = image(8, 8).requires_grad_(), image(8, 8, seed=1).requires_grad_()
    taught(student, teacher).backward()
    assert student.grad.any()
    assert teacher.grad is None


def test_where_the_teacher_is_not_heard_nothing_is_taught():
    student, teacher = image(8, 8).requires_grad_(), image(8, 8, seed=1)
    heard = torch.zeros_like(teacher)
    assert taught(student, teacher, heard=heard).item() == 0
    heard[..., :2] = 1
    taught(student, teacher, heard=heard).backward()
    # What low resolution tells of a heard pixel reaches as far as its interpolation.
    assert student.grad[..., :2].any()
    assert not student.grad[..., 6:].any()


def test_doubt_weighs():
    student, teacher = image(8, 8), image(8, 8, seed=1)
    sure = taught(student, teacher)
    assert torch.allclose(taught(student, teacher, doubt=torch.tensor(0.5)), sure / 2)
    assert taught(student, teacher, doubt=torch.tensor(5.0)) < sure / 50
    doubt = torch.tensor([0.3], requires_grad=True)
    assert not trust(doubt, torch.ones(1)).requires_grad


def test_unknown_pixels_have_no_part_in_what_is_taught():
    known = torch.ones(1, 1, 8, 8)
    known[..., 3:5, 3:5] = 0
    student = image(8, 8)
    spoiled = torch.where(known > 0.5, student, torch.full_like(student, torch.nan))
    spoiled = spoiled.requires_grad_()
    teacher = image(8, 8, seed=1)
    expected = taught(student, teacher, known=known)
    loss = taught(spoiled, teacher, known=known)
    assert torch.allclose(loss, expected)
    loss.backward()
    assert torch.isfinite(spoiled.grad).all()


def test_pixels_with_a_part_in_a_step_are_told():
    steps = torch.zeros(1, 1, 4, 6)
    steps[..., 1, 2] = 1
    assert beside_no_step(steps, 2)[0, 0].tolist() == [[1, 0, 1], [1, 1, 1]]
