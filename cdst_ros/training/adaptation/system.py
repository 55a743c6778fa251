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
A network of depth alone gets better on recordings that hold measured depth and colour, no truth.

What joins two papers, and is ours. Depth estimation from colour, the teacher, learns by paper B
(arXiv 2109.11573) where there is no truth, and from the truth where there is one: synthetic
scenes, and pairs across scales. The network that runs, the student, learns its low frequencies
from measured depth, and from the teacher what that can not tell (paper A, arXiv 2103.12955), where
measured depth has a step and the teacher an edge. All but the student is thrown away at export.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from cdst_ros.synthetic import Sampling
from cdst_ros.training.adaptation.config import AdaptationConfig
from cdst_ros.training.adaptation.losses import (
    Lesson,
    beside_no_step,
    measured_loss,
    taught_loss,
)
from cdst_ros.training.adaptation.steps import around_edges, near_steps
from cdst_ros.training.adaptation.teacher import Estimate, Teacher
from cdst_ros.training.data import Batch
from cdst_ros.training.losses import local_unit, masked_mean
from cdst_ros.training.mismatched.losses import (
    consistency_loss,
    low_loss,
    reduced_loss,
)
from cdst_ros.training.seen import seen_in
from cdst_ros.training.system import Step, SuperResSystem
from cdst_ros.training.transfer.hidden import enlarge, reduce
from cdst_ros.training.transfer.units import CropUnits, crop_units

_NEARLY_ALL = 1 - 1e-4


class Shown(NamedTuple):
    """
    What a teacher looks at, and in which units.

    :param rgb: (N, 3, H, W), 0 to 1
    :param seen: where colour and the prompt are known (N, 1, H, W), 0 or 1
    :param prompt: (N, 1, H, W) [m]
    """

    rgb: Tensor
    seen: Tensor
    prompt: Tensor
    units: CropUnits


class AdaptationSystem(SuperResSystem):
    """
    Trains a network for super-resolution on what a robot recorded.

    Samples without a truth are those of which no pixel has one.

    :param config: a ``TrainConfig`` as plain values, with a section ``adaptation``
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            self.teacher = Teacher(self.adaptation.prompt != 'none', **self.adaptation.estimation)
        self.teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def adaptation(self) -> AdaptationConfig:
        """The section of the configuration."""
        assert self.config.adaptation is not None
        return self.config.adaptation

    def step(self, batch: Batch) -> Step:
        """Return the losses of a batch; each sample counts in those that it has the data for."""
        output = self.network(batch.depth, batch.valid)
        losses = dict(self.super_resolution(batch, *output).losses)
        depth, _, known = output
        blind = without_truth(batch)
        steps = near_steps(
            batch.depth,
            batch.valid,
            self._sigma(batch.depth),
            self.config.model.scale,
            self.adaptation.reach,
        )
        tells = batch.valid * blind * self._tells(steps)
        if self.adaptation.weights.measured > 0:
            loss = measured_loss(depth, known, batch.depth, tells, self._sigma(batch.depth))
            losses['measured'] = self.adaptation.weights.measured * loss
        if batch.rgb is None:
            return Step(losses, {})
        shown = self._show_to_teacher(batch, depth, known)
        found = self.teacher(shown.rgb, shown.units, shown.prompt)
        losses.update(self._from_truth(batch, shown, found))
        if self.adaptation.weights.mismatched:
            losses.update(self._from_low(batch, shown, found, tells))
        lesson = self._lesson(batch, known * blind, shown, found, steps)
        if self.adaptation.weights.taught > 0:
            strength = self.adaptation.strength(self.global_step) * self.adaptation.weights.taught
            losses['taught'] = strength * taught_loss(depth, lesson, self.config.model.scale)
        return Step(losses, {'teaches/heard': masked_mean(lesson.heard, lesson.known)})

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        """Clip both networks alone: what the teacher has to learn shall not slow the student."""
        super().configure_gradient_clipping()
        self.clip(self.teacher.parameters())

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with a learning rate of its own for the teacher."""
        settings = self.config.optimiser
        groups = [
            {'params': list(self.network.parameters()), 'lr': settings.learning_rate},
            {'params': list(self.teacher.parameters()), 'lr': self.adaptation.learning_rate},
        ]
        optimiser = torch.optim.AdamW(groups, weight_decay=settings.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate)
        return {
            'optimizer': optimiser,
            'lr_scheduler': {'scheduler': schedule, 'interval': 'step'},
        }

    def _tells(self, steps: Tensor) -> Tensor:
        """
        Return where the mean of a block is what the sensor measures (N, 1, h, w), 0 or 1.

        Beside a step it is for a sensor whose pixels do nothing but mix their footprint: others
        take one of two surfaces, or blur them, and a mean that met that would be wrong.
        """
        sensor = self.config.sensor
        mixes = sensor.sampling is Sampling.MEAN and not (sensor.smoothing or sensor.lateral_noise)
        told = beside_no_step(steps, self.config.model.scale)
        return torch.ones_like(told) if mixes else told

    def _show_to_teacher(self, batch: Batch, depth: Tensor, known: Tensor) -> Shown:
        """Return what the teacher sees of a batch."""
        assert batch.rgb is not None
        assert batch.has_rgb is not None
        pictured = batch.has_rgb
        if batch.disparity is not None:
            # Where depth stands for disparity, near is far: a picture does not tell which.
            pictured = pictured * (1.0 - batch.disparity)
        return self._shown(
            batch.rgb,
            seen_in(batch.rgb) * pictured.view(-1, 1, 1, 1),
            batch.depth,
            batch.valid,
            (depth.detach(), known),
        )

    def _shown(
        self,
        rgb: Tensor,
        seen: Tensor,
        depth: Tensor,
        valid: Tensor,
        student: tuple[Tensor, Tensor],
    ) -> Shown:
        units = crop_units(depth, valid, self._sigma(depth))
        prompt, known = student
        if self.adaptation.prompt == 'depth':
            prompt, there = enlarged(depth, valid, self.config.model.scale)
            known = known * there
        prompt = torch.where(known > 0.5, prompt, units.mean)
        return Shown(rgb, seen * known, prompt, units)

    def _from_truth(self, batch: Batch, shown: Shown, found: Estimate) -> dict[str, Tensor]:
        """Return the losses of the teacher on samples with a truth and a picture."""
        losses = self.errors(batch, self.weigh(batch), found.depth, found.doubt, shown.seen)
        weight = self.adaptation.weights.estimation
        return {f'teacher_{name}': weight * loss for name, loss in losses.items()}

    def _from_low(
        self, batch: Batch, shown: Shown, high: Estimate, tells: Tensor
    ) -> dict[str, Tensor]:
        """Return the losses of paper B where measured depth ``tells`` and there is no truth."""
        weights, scale, unit = self.adaptation.weights, self.config.model.scale, shown.units.spread
        # What is left beside whole blocks of measured depth has no smaller image.
        height, width = (size - size % scale for size in batch.depth.shape[-2:])
        if not min(height, width):
            return {}
        measured, valid, tells = (
            image[..., :height, :width] for image in (batch.depth, batch.valid, tells)
        )
        rgb, seen, estimated = (
            image[..., : scale * height, : scale * width]
            for image in (shown.rgb, shown.seen, high.depth)
        )
        losses = {}
        if weights.reduced > 0:
            loss = reduced_loss(estimated, seen, measured, tells, unit)
            losses['reduced'] = weights.reduced * loss
        if weights.low > 0 or weights.consistency > 0:
            low, there = self._estimate_low(rgb, seen, measured, valid)
            there = there * tells
            if weights.low > 0:
                losses['low'] = weights.low * low_loss(low, measured, there, unit)
            if weights.consistency > 0:
                loss = consistency_loss(low, estimated, seen, there, unit)
                losses['consistency'] = weights.consistency * loss
        return losses

    def _estimate_low(
        self, rgb: Tensor, seen: Tensor, measured: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensor]:
        """
        Return the teacher's depth (N, 1, h, w) [m] of the picture made smaller, and where it is.

        What it is shown beside colour is one scale below, too: else it would be shown the answer.
        """
        scale = self.config.model.scale
        rgb, share = reduce(rgb, seen, scale)
        seen = (share > _NEARLY_ALL).to(rgb.dtype)
        depth, share = reduce(measured, valid, scale)
        valid = (share > 0).to(rgb.dtype)
        with torch.no_grad():
            student, _, known = self.network(depth, valid)
        shown = self._shown(rgb, seen, depth, valid, (student, known))
        return self.teacher(shown.rgb, shown.units, shown.prompt).depth, shown.seen

    def _lesson(
        self, batch: Batch, known: Tensor, shown: Shown, found: Estimate, steps: Tensor
    ) -> Lesson:
        """Return what the teacher has to say where depth is ``known``, and where it is heard."""
        scale = self.config.model.scale
        unit = local_unit(batch.depth, batch.valid, self._sigma(batch.depth), scale)
        there = known * shown.seen
        heard = around_edges(found.depth.detach(), there, unit, steps, self.adaptation.reach)
        return Lesson(found.depth, found.doubt, unit, there, heard)


def without_truth(batch: Batch) -> Tensor:
    """Return which samples have no truth (N, 1, 1, 1), 0 or 1."""
    known = batch.truth_valid.amax((1, 2, 3), keepdim=True)
    return (known < 0.5).to(batch.depth.dtype)


def enlarged(depth: Tensor, valid: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """Return bilinearly enlarged depth (N, 1, sh, sw) [m], and where it is known, 0 or 1."""
    large = enlarge(depth, valid, scale)
    return large, (enlarge(valid, torch.ones_like(valid), scale) > 0).to(depth.dtype)
