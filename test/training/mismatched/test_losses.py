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
"""The three losses: what they are, and that nothing unknown is in them."""

import math

import pytest
import torch
from torch.nn import functional

from cdst_ros.training.mismatched.losses import (
    NONE,
    Fine,
    consistency_loss,
    low_loss,
    reduced_loss,
)
from cdst_ros.training.transfer.hidden import enlarge, reduce

SCALE = 4
UNIT = torch.full((2, 1, 1, 1), 0.5)


def random(*size, seed=0):
    return torch.rand(*size, generator=torch.Generator().manual_seed(seed))


LOW, HIGH = 1 + random(2, 1, 6, 6, seed=1), 1 + random(2, 1, 24, 24, seed=2)
MEASURED = 1 + random(2, 1, 6, 6, seed=3)
VALID = (random(2, 1, 6, 6, seed=4) > 0.4).float()
SEEN = (random(2, 1, 24, 24, seed=5) > 0.4).float()
SEEN[..., :4, :4] = 0  # a block without any colour, where depth was measured
VALID[..., :2, :2] = 1


def losses(low, high, measured, *, valid=VALID, seen=SEEN, fine=NONE):
    return (
        low_loss(low, measured, valid, UNIT, fine=fine),
        reduced_loss(high, seen, measured, valid, UNIT, fine=fine),
        consistency_loss(low, high, seen, valid, UNIT, fine=fine),
    )


def test_by_hand():
    low, measured = torch.tensor([[[[1.0, 2, 3]]]]), torch.tensor([[[[2.0, 9, 5]]]])
    valid, unit = torch.tensor([[[[1.0, 0, 1]]]]), torch.full((1, 1, 1, 1), 2.0)
    assert low_loss(low, measured, valid, unit) == pytest.approx((1 + 2) / 2 / 2)
    high = torch.tensor([[1.0, 3, 7, 7, 1, 0], [2, 6, 7, 7, 3, 0]])[None, None]
    seen = torch.tensor([[1.0, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0]])[None, None]
    # blocks 3, 7, 2
    found = reduced_loss(high, seen, measured, valid, unit)
    assert found == pytest.approx((1 + 3) / 2 / 2)
    assert consistency_loss(low, high, seen, valid, unit) == pytest.approx((2 + 1) / 2 / 2)


@pytest.mark.parametrize('fine', [NONE, Fine(2.0, 3)])
@pytest.mark.parametrize('nonsense', [math.nan, math.inf, -math.inf, 1e30])
def test_what_is_unknown_changes_neither_losses_nor_gradients(nonsense, fine):
    def spoilt(image, mask):
        return torch.where(mask > 0.5, image, torch.full_like(image, nonsense))

    def run(low, high, measured):
        low, high = low.clone().requires_grad_(), high.clone().requires_grad_()
        found = losses(low, high, measured, fine=fine)
        gradients = torch.autograd.grad(sum(found), (low, high))
        return [*found, *gradients]

    exact = run(LOW, HIGH, MEASURED)
    # an estimate has a value everywhere: what it says where nothing is known does not matter
    other = run(spoilt(LOW, VALID), spoilt(HIGH, SEEN), spoilt(MEASURED, VALID))
    assert all(loss > 0 for loss in exact[:3])
    for one, two in zip(exact, other, strict=True):
        assert torch.equal(one, two)


def test_gradients_reach_known_pixels_and_no_others():
    low, high = LOW.clone().requires_grad_(), HIGH.clone().requires_grad_()
    of_low, of_reduced, between = losses(low, high, MEASURED)
    counts = VALID.clone()
    counts[..., 0, 0] = 0  # there is no colour there
    inside = SEEN * functional.interpolate(counts, scale_factor=SCALE, mode='nearest')

    def reached(loss, image):
        return torch.autograd.grad(loss, image, retain_graph=True)[0] != 0

    assert torch.equal(reached(of_low, low), VALID > 0.5)
    assert torch.equal(reached(of_reduced, high), inside > 0.5)
    assert torch.equal(reached(between, high), inside > 0.5)
    assert torch.equal(reached(between, low), counts > 0.5)


def test_blocks_without_colour_do_not_count():
    known = torch.ones_like(VALID)
    seen = torch.ones_like(SEEN)
    seen[..., :4, :4] = 0
    wrong = enlarge(MEASURED, known, SCALE)
    wrong = wrong + functional.interpolate(
        MEASURED - reduce(wrong, torch.ones_like(SEEN), SCALE)[0], scale_factor=SCALE
    )
    # now every block is right in the mean; the one without colour would be wrong by its depth
    assert reduced_loss(wrong, seen, MEASURED, known, UNIT) < 1e-6


def test_nothing_known_is_no_loss():
    nothing = torch.zeros_like(VALID)
    assert all(loss == 0 for loss in losses(LOW, HIGH, MEASURED, valid=nothing))


def test_what_sums_to_nothing_in_every_block_is_not_seen():
    """What the losses can not see has to be measured: see ``val/high_frequency_cm``."""
    ripple = 0.1 * torch.tensor([1.0, -1.0]).repeat(12)
    everywhere = torch.ones_like(SEEN)
    plain, rippled = (
        losses(LOW, high, MEASURED, seen=everywhere) for high in (HIGH, HIGH + ripple)
    )
    assert torch.allclose(torch.stack(plain), torch.stack(rippled), atol=1e-6)


def test_detail_by_hand():
    low = torch.tensor([[[[1.0, 3], [5, 7]]]])
    measured = torch.tensor([[[[2.0, 2], [9, 6]]]])
    valid, unit = torch.tensor([[[[1.0, 1], [0, 1]]]]), torch.full((1, 1, 1, 1), 2.0)
    plain = low_loss(low, measured, valid, unit)
    # errors -1 1 ? 1, in the mean 1/3: it is hidden, the rest is detail
    sharp = low_loss(low, measured, valid, unit, fine=Fine(0.5, 2))
    assert sharp - plain == pytest.approx(0.5 * (4 / 3 + 2 / 3 + 2 / 3) / 3 / 2)
    wide = [functional.pad(image, [0, 1, 0, 1]) for image in (low, measured, valid)]
    assert low_loss(*wide, unit, fine=Fine(0.5, 2)) == pytest.approx(sharp.item())


def test_detail_does_not_see_what_is_wrong_everywhere_alike():
    known = torch.ones_like(VALID)
    plain, sharp = (
        low_loss(LOW, LOW + 1, known, UNIT, fine=fine) for fine in (NONE, Fine(3.0, 2))
    )
    assert plain == pytest.approx(2.0)
    assert sharp == pytest.approx(2.0, abs=1e-5)
