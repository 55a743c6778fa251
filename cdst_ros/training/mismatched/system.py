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
"""
Depth estimation learned from colour of high and depth of low resolution.

One network sees the picture as it is and reduced to the size of measured depth. Depth of high
resolution is used by the validation alone, and by the arm of a comparison that asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.de import DENet, DepthEstimate
from cdst_ros.models.reconstruction import ReconstructionNet
from cdst_ros.training.config import ConfigError
from cdst_ros.training.data import Batch
from cdst_ros.training.losses import edge_weight, laplace_likelihood, masked_mean
from cdst_ros.training.mismatched.config import MismatchedConfig
from cdst_ros.training.mismatched.distillation import grid_loss, local_loss
from cdst_ros.training.mismatched.enlargement import as_truth
from cdst_ros.training.mismatched.losses import (
    Fine,
    consistency_loss,
    low_loss,
    masked_l1,
    reduced_loss,
)
from cdst_ros.training.seen import seen_in
from cdst_ros.training.system import Step, SuperResSystem
from cdst_ros.training.transfer.hidden import hidden, reduce
from cdst_ros.training.transfer.networks import block_pairs
from cdst_ros.training.transfer.pictures import joint_picture
from cdst_ros.training.transfer.units import crop_units


class Units(NamedTuple):
    """
    In what depth is estimated, from measured depth alone: (N, 1, 1, 1) each [m].

    ``step`` is ``spread``, or less than zero where depth stands for disparity, which grows where
    depth falls: a picture does not tell which of them is wanted.
    """

    mean: Tensor
    spread: Tensor
    step: Tensor


class Estimate(NamedTuple):
    """Depth and the scale of its error (N, 1, H, W) [m], and the features of each block."""

    depth: Tensor
    scale: Tensor
    blocks: tuple[Tensor, ...]


class MismatchedSystem(SuperResSystem):
    """
    Trains ``DENet``, which is ``network``; ``average`` is validated.

    :param config: a ``TrainConfig`` as plain values, with a section ``mismatched``
    """

    network: DENet

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        if self.mismatched.weights.fine and self.config.data.crop < self.config.model.scale:
            raise ConfigError(
                'mismatched.weights.fine: samples are smaller than what a reduction makes one '
                f'pixel: let data.crop be {self.config.model.scale} or more'
            )
        self.reconstruction: ReconstructionNet | None = None
        if self.mismatched.distils:
            # All arms of a comparison begin with the same weights, whatever stands beside them.
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.config.seed)
                self.reconstruction = ReconstructionNet(**self.mismatched.reconstruction)
            self.pairs = block_pairs(
                len(self.network.block_widths), len(self.reconstruction.block_widths)
            )
            self.reconstruction.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def mismatched(self) -> MismatchedConfig:
        """The section of the configuration."""
        assert self.config.mismatched is not None
        return self.config.mismatched

    @property
    def watchable(self) -> tuple[str, ...]:
        """The figures of the validation that may end a run (``StopConfig.watch``)."""
        names = ('mae', 'edge_mae', 'thin_mae', 'rmse', 'high_frequency', 'edge_high_frequency')
        return tuple(f'val/{name}_cm' for name in names)

    @property
    def fine(self) -> Fine:
        """How much detail counts in all losses of depth."""
        return Fine(self.mismatched.weights.fine, self.config.model.scale)

    def make_network(self) -> DENet:
        """Return a new network for depth estimation."""
        return DENet(**self.mismatched.estimation)

    def step(self, batch: Batch) -> Step:
        """Return the losses of a batch; samples without a picture do not count."""
        batch = _pictured(batch)
        units = self.units(batch)
        if self.mismatched.supervision == 'low':
            return Step(self._from_low(batch, units), {})
        target, mask = batch.truth, batch.truth_valid
        if self.mismatched.supervision == 'enlarged':
            target, mask = as_truth(batch.depth, batch.valid, self.config.model.scale)
        assert batch.rgb is not None
        mask = mask * seen_in(batch.rgb)
        high = self.estimate(self.network, batch.rgb, units)
        return Step(
            {
                'high': masked_l1(high.depth, target, mask, units.spread, fine=self.fine),
                'likelihood': self._likelihood(high, target, mask, units),
            },
            {},
        )

    def units(self, batch: Batch) -> Units:
        """Return the units that estimates of a batch are in."""
        mean, spread = crop_units(batch.depth, batch.valid, self._sigma(batch.depth))
        step = spread
        if batch.disparity is not None:
            step = step * (1 - 2 * batch.disparity.view(-1, 1, 1, 1))
        return Units(mean, spread, step)

    def estimate(self, network: nn.Module, rgb: Tensor, units: Units) -> Estimate:
        """Return what the network makes of pictures (N, 3, H, W)."""
        found: DepthEstimate = network(rgb.contiguous(memory_format=torch.channels_last))
        return Estimate(
            units.mean + units.step * found.depth.float(),
            units.spread * found.log_scale.float().exp(),
            found.blocks,
        )

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        """Clip both networks alone: what the teacher has to learn shall not slow the other."""
        super().configure_gradient_clipping()
        if self.reconstruction is not None:
            self.clip(self.reconstruction.parameters())

    def _from_low(self, batch: Batch, units: Units) -> dict[str, Tensor]:
        """Return the losses of the paper; no truth has a part in them."""
        assert batch.rgb is not None
        weights, scale = self.mismatched.weights, self.config.model.scale
        rgb, seen = batch.rgb, seen_in(batch.rgb)
        reduced, share = reduce(rgb, seen, scale)
        # Of a block without any colour a picture tells nothing.
        batch = batch._replace(valid=batch.valid * (share > 0).to(batch.valid.dtype))
        measured, valid, unit = batch.depth, batch.valid, units.spread
        fine = self.fine
        low = self.estimate(self.network, reduced, units)
        losses = {'likelihood': self._likelihood(low, measured, valid, units)}
        if weights.low > 0:
            losses['low'] = weights.low * low_loss(low.depth, measured, valid, unit, fine=fine)
        high = low
        of_student = self.mismatched.distils and self.mismatched.student != 'low'
        if weights.reduced > 0 or weights.consistency > 0 or of_student:
            high = self.estimate(self.network, rgb, units)
        if weights.reduced > 0:
            loss = reduced_loss(high.depth, seen, measured, valid, unit, fine=fine)
            losses['reduced'] = weights.reduced * loss
        if weights.consistency > 0:
            loss = consistency_loss(low.depth, high.depth, seen, valid, unit, fine=fine)
            losses['consistency'] = weights.consistency * loss
        if self.reconstruction is not None:
            losses.update(self._distillation(batch, units, low, high))
        return losses

    def _distillation(
        self, batch: Batch, units: Units, low: Estimate, high: Estimate
    ) -> dict[str, Tensor]:
        """Return the loss of the reconstruction network, and those of what it teaches."""
        assert self.reconstruction is not None
        weights, student = self.mismatched.weights, self.mismatched.student
        inner, blocks = self.reconstruction((batch.depth - units.mean) / units.step, batch.valid)
        rebuilt = units.mean + units.step * inner.float()
        loss = masked_l1(rebuilt, batch.depth, batch.valid, units.spread)
        losses = {'reconstruction': weights.reconstruction * loss}
        strength = float(self.global_step >= self.mismatched.begin)
        students = [
            estimate
            for name, estimate in (('low', low), ('high', high))
            if student in (name, 'both')
        ]
        pairs = [(blocks[n], one.blocks[k]) for one in students for k, n in self.pairs]
        if weights.grid > 0:
            cells = self.mismatched.grid
            apart = [grid_loss(*pair, batch.valid, cells) for pair in pairs]
            losses['grid'] = strength * weights.grid * torch.stack(apart).mean()
        if weights.local > 0:
            window = self.mismatched.window
            apart = [local_loss(*pair, batch.valid, window) for pair in pairs]
            losses['local'] = strength * weights.local * torch.stack(apart).mean()
        return losses

    def _likelihood(
        self, estimate: Estimate, target: Tensor, mask: Tensor, units: Units
    ) -> Tensor:
        error = torch.where(mask > 0.5, estimate.depth - target, torch.zeros_like(target))
        likelihood = laplace_likelihood(error, estimate.scale, units.spread, mask)
        return self.mismatched.weights.likelihood * likelihood

    def _validate(self, batch: Batch, index: int) -> None:
        """
        Log the errors of the average against the truth.

        Beside them stand those of enlarged depth, and those of the mean depth everywhere: an
        estimate that comes no nearer than that has not learned a single edge.
        """
        batch = _pictured(batch)
        assert batch.rgb is not None
        units, scale = self.units(batch), self.config.model.scale
        found = self.estimate(self.average, batch.rgb, units)
        floor, known = as_truth(batch.depth, batch.valid, scale)
        mask = batch.truth_valid * known
        figures = {
            **self._figures('val', found.depth, batch, mask),
            **self._figures('bicubic', floor, batch, mask),
            **self._figures('flat', units.mean.expand_as(floor), batch, mask),
        }
        self.log_dict(figures, batch_size=len(batch.depth), add_dataloader_idx=False)
        if index == 0:
            self._pictures += 1
            if (self._pictures - 1) % self.config.image_every == 0:
                self._show_estimates(batch, found, units)

    def _figures(self, name: str, depth: Tensor, batch: Batch, mask: Tensor) -> dict[str, Tensor]:
        """
        Return errors [cm]: ``_centimetres``, and of what low resolution can not tell.

        A picture tells depth up to scale at best, and that is most of the plain error; what the
        method is for shows in ``high_frequency``, |(I - Up Down)(D - D*)|, of all pixels and of
        those at discontinuities.
        """
        error = torch.where(mask > 0.5, depth - batch.truth, torch.zeros_like(depth))
        fine = hidden(error, mask, self.config.model.scale).abs()
        edges = edge_weight(batch.truth, batch.truth_valid, 1.0) - 1.0
        return {
            **self._centimetres(name, error.abs(), batch, mask),
            f'{name}/rmse_cm': 100 * masked_mean(error**2, mask).sqrt(),
            f'{name}/high_frequency_cm': 100 * masked_mean(fine, mask),
            f'{name}/edge_high_frequency_cm': 100 * masked_mean(fine, mask * edges),
        }

    def _show_estimates(self, batch: Batch, high: Estimate, units: Units) -> None:
        """Write colour, LR, both estimates and truth to TensorBoard."""
        assert batch.rgb is not None
        reduced = reduce(batch.rgb, seen_in(batch.rgb), self.config.model.scale)[0]
        low = self.estimate(self.average, reduced, units).depth
        large = functional.interpolate(low, size=high.depth.shape[-2:], mode='nearest')
        picture = joint_picture(batch, large, high.depth, None)
        for logger in self.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(
                    'RGB | LR | D_l | D_h | truth', picture, self.global_step
                )


def _pictured(batch: Batch) -> Batch:
    """Return a batch of which samples with a picture alone count, with 0 for unknown depth."""
    assert batch.has_rgb is not None
    there = batch.has_rgb.view(-1, 1, 1, 1)
    return batch._replace(
        depth=torch.where(batch.valid > 0.5, batch.depth, torch.zeros_like(batch.depth)),
        valid=batch.valid * there,
        truth_valid=batch.truth_valid * there,
    )
