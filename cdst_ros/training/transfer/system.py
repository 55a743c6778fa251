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
The joint training of paper A: super-resolution, depth estimation and structure prediction.

Sun et al., Learning Scene Structure Guidance via Cross-Task Knowledge Transfer for Single Depth
Super-Resolution, CVPR 2021, arXiv 2103.12955. What is trained for, ``network``, sees depth alone
and stays as it is; all else is thrown away at export.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from cdst_ros.models.base import LocalNetwork
from cdst_ros.models.features import Features
from cdst_ros.training.data import Batch
from cdst_ros.training.losses import laplace_likelihood, local_unit, masked_mean, scaled_l1
from cdst_ros.training.system import Step, SuperResSystem
from cdst_ros.training.transfer.affinity import (
    affinity_loss,
    alike_in_size,
    grid_affinity,
    local_affinity,
)
from cdst_ros.training.transfer.config import TransferConfig
from cdst_ros.training.transfer.hidden import enlarge, hidden
from cdst_ros.training.transfer.networks import Auxiliary
from cdst_ros.training.transfer.output_space import output_loss
from cdst_ros.training.transfer.pictures import joint_picture
from cdst_ros.training.transfer.roles import estimation_teaches
from cdst_ros.training.transfer.structure import balanced_cross_entropy, structure_labels
from cdst_ros.training.transfer.teaching import TeachingShare
from cdst_ros.training.transfer.units import CropUnits, crop_units


class Joint(NamedTuple):
    """
    What both networks make of the samples that have a picture.

    Depth maps are (N, 1, H, W) [m]. ``mask``: where there is a truth and super-resolution has a
    value, 0 or 1; ``sides``: side outputs of each pair of blocks, super-resolution's first;
    ``scale_de`` [m]: the scale of its error that depth estimation predicts.
    """

    truth: Tensor
    mask: Tensor
    units: CropUnits
    sr: Features
    de: Tensor
    scale_de: Tensor
    blocks_de: tuple[Tensor, ...]
    sides: list[tuple[Tensor, Tensor]]


class TransferSystem(SuperResSystem):
    """
    Trains a network for super-resolution together with those that teach it.

    :param config: a ``TrainConfig`` as plain values, with a section ``transfer``
    """

    network: LocalNetwork

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        assert self.config.transfer is not None
        self.transfer: TransferConfig = self.config.transfer
        self.auxiliary = Auxiliary(self.network, self.transfer, self.config.seed)
        self.auxiliary.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def step(self, batch: Batch) -> Step:
        """Return the losses of a batch; samples without a picture train super-resolution alone."""
        features = self.network.features(batch.depth, batch.valid)
        alone = self.super_resolution(batch, features.depth, features.sigma, features.valid)
        pictured, features = _with_pictures(batch, features)
        joint = self.join(pictured, features)
        losses = {**alone.losses, **self._estimation(joint), **self._sides(joint)}
        figures = dict(alone.figures)
        strength = self.transfer.strength(self.global_step)
        for taught in (self._output_space(joint), self._affinity_space(joint)):
            losses.update({name: strength * loss for name, loss in taught.losses.items()})
            figures.update(taught.figures)
        if self.auxiliary.structure is not None:
            labels, counts = structure_labels(pictured.truth, pictured.truth_valid)
            entropy = balanced_cross_entropy(self.structure(joint), labels, counts * joint.mask)
            losses['structure'] = self.transfer.weights.structure * entropy
        return Step(losses, figures)

    def join(self, batch: Batch, sr: Features) -> Joint:
        """
        Estimate depth from the pictures of a batch, in units that its input gives.

        Disparity grows where depth falls, and a picture does not tell which of them is wanted: for
        samples of disparity the estimate counts downwards.
        """
        assert batch.rgb is not None
        scale = self.config.model.scale
        noise = self._sigma(batch.depth)
        units = crop_units(batch.depth, batch.valid, noise)
        step_de = units.spread
        if batch.disparity is not None:
            step_de = step_de * (1 - 2 * batch.disparity.view(-1, 1, 1, 1))
        # A hole is the crop's mean, which is 0 in its units; 0 m would be far from all else.
        known = enlarge(batch.valid, torch.ones_like(batch.valid), scale) > 0
        enlarged = torch.where(known, enlarge(batch.depth, batch.valid, scale), units.mean)
        image, base = batch.rgb, units.mean
        if self.transfer.prompted:
            image, base = torch.cat([image, (enlarged - base) / step_de], 1), enlarged
        estimate = self.auxiliary.estimation(image.contiguous(memory_format=torch.channels_last))
        sides = self.auxiliary.side_outputs(sr.blocks, estimate.blocks)
        if sides:
            step_sr = local_unit(batch.depth, batch.valid, noise, scale)
            sides = [(enlarged + step_sr * one, base + step_de * other) for one, other in sides]
        return Joint(
            truth=batch.truth,
            mask=batch.truth_valid * sr.valid,
            units=units,
            sr=sr,
            de=base + step_de * estimate.depth.float(),
            scale_de=units.spread * estimate.log_scale.float().exp(),
            blocks_de=estimate.blocks,
            sides=sides,
        )

    def structure(self, joint: Joint) -> Tensor:
        """Return the logits of the structure map (N, 1, H, W)."""
        assert self.auxiliary.structure is not None
        doubt_sr, doubt_de = joint.sr.sigma, joint.scale_de
        if self.transfer.uncertainty == 'error':
            doubt_sr, doubt_de = (joint.sr.depth - joint.truth, joint.de - joint.truth)
        doubts = [
            torch.where(joint.mask > 0.5, doubt.abs() / joint.units.spread, 1.0).detach()
            for doubt in (doubt_sr, doubt_de)
        ]
        logits: Tensor = self.auxiliary.structure(
            joint.sr.blocks[-1], joint.blocks_de[-1], *doubts
        ).logits
        return logits.float()

    def affinities(self, joint: Joint) -> dict[str, list[tuple[Tensor, Tensor]]]:
        """
        Return both networks' affinities of each pair of blocks, by the names of the losses.

        ``grid``: (N, cells, cells) of ``grid_affinity``; ``local``: (N, neighbours, h, w) of
        ``local_affinity``, each of super-resolution and of depth estimation.
        """
        weights, found = self.transfer.weights, {}
        blocks = [
            alike_in_size(joint.sr.blocks[k], joint.blocks_de[n]) for k, n in self.auxiliary.pairs
        ]
        if weights.grid > 0:
            cells = self.transfer.grid
            found['grid'] = [
                (grid_affinity(sr, cells), grid_affinity(de, cells)) for sr, de in blocks
            ]
        if weights.local > 0:
            window = self.transfer.window
            found['local'] = [
                (local_affinity(sr, window), local_affinity(de, window)) for sr, de in blocks
            ]
        return found

    def configure_callbacks(self) -> list[Callback]:
        """Return those of super-resolution, and what tells whether anything was taught."""
        return [*super().configure_callbacks(), TeachingShare(self.transfer)]

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        """Clip both parts alone: what depth estimation has to learn shall not slow the other."""
        super().configure_gradient_clipping()
        self.clip(self.auxiliary.parameters())

    def _estimation(self, joint: Joint) -> dict[str, Tensor]:
        """Return the losses that train depth estimation."""
        likelihood = laplace_likelihood(
            joint.de - joint.truth, joint.scale_de, joint.units.spread, joint.mask
        )
        return {
            'estimation': self._estimated(joint, joint.de),
            'estimation_likelihood': self.transfer.weights.likelihood * likelihood,
        }

    def _estimated(self, joint: Joint, depth: Tensor) -> Tensor:
        """Return the L1 of an estimated depth, and of what low resolution can not tell of it."""
        weights, error = self.transfer.weights, depth - joint.truth
        total = error.new_zeros(())
        if weights.depth > 0:
            total = total + weights.depth * _l1(error, joint)
        if weights.hidden > 0:
            fine = hidden(error, joint.mask, self.config.model.scale)
            total = total + weights.hidden * _l1(fine, joint)
        return total

    def _sides(self, joint: Joint) -> dict[str, Tensor]:
        """Return the L1 of the side outputs, each network's as its last output is trained."""
        if not self.transfer.weights.side > 0:
            return {}
        losses = [
            _l1(sr - joint.truth, joint) + self._estimated(joint, de) for sr, de in joint.sides
        ]
        return {'side': self.transfer.weights.side * torch.stack(losses).mean()}

    def _output_space(self, joint: Joint) -> Step:
        """Return L_P, and the share of decisions in which depth estimation teaches."""
        weight = self.transfer.weights.output
        if not weight > 0:
            return Step({}, {})
        drawn = [*joint.sides, (joint.sr.depth, joint.de)][: None if self.transfer.final else -1]
        losses, shares = [], []
        for sr, de in drawn:
            error_sr, error_de = self._compared(joint, sr), self._compared(joint, de)
            teaches = estimation_teaches(
                error_sr, error_de, joint.mask, self.transfer.roles.output
            )
            losses.append(
                output_loss(
                    error_sr,
                    error_de,
                    teaches,
                    joint.units.spread,
                    joint.mask,
                    teacher=self.transfer.teacher,
                )
            )
            shares.append(_share(teaches, joint.mask))
        return Step(
            {'output': weight * torch.stack(losses).mean()},
            {'teaches/output': torch.stack(shares).mean()},
        )

    def _affinity_space(self, joint: Joint) -> Step:
        """Return L_A of both kinds, and the share of samples in which depth estimation teaches."""
        found = self.affinities(joint)
        if not found:
            return Step({}, {})
        teaches = estimation_teaches(
            self._compared(joint, joint.sr.depth),
            self._compared(joint, joint.de),
            joint.mask,
            self.transfer.roles.affinity,
        )
        known = joint.mask.amax((1, 2, 3))
        losses = {
            kind: getattr(self.transfer.weights, kind)
            * torch.stack([affinity_loss(sr, de, teaches, known) for sr, de in pairs]).mean()
            for kind, pairs in found.items()
        }
        return Step(losses, {'teaches/affinity': _share(teaches, joint.mask)})

    def _compared(self, joint: Joint, depth: Tensor) -> Tensor:
        """Return the error (N, 1, H, W) [m] by which roles are given: all, or the hidden part."""
        error = depth - joint.truth
        if self.transfer.roles.mode == 'paper':
            return error
        return hidden(error, joint.mask, self.config.model.scale)

    def _show(self, batch: Batch, floor: Tensor, depth_hr: Tensor) -> None:
        super()._show(batch, floor, depth_hr)
        self._show_joint(batch)

    def _show_joint(self, batch: Batch) -> None:
        """Write LR, D_sr, D_de, S and the last blocks' affinities to TensorBoard."""
        if batch.rgb is None or batch.has_rgb is None or not batch.has_rgb.any():
            return
        features = self.network.features(batch.depth, batch.valid)
        batch, features = _with_pictures(batch, features)
        joint = self.join(batch, features)
        logits = None if self.auxiliary.structure is None else self.structure(joint)
        shown = joint_picture(batch, joint.sr.depth, joint.de, logits)
        for logger in self.loggers:
            if isinstance(logger, TensorBoardLogger):
                board, step = logger.experiment, self.global_step
                board.add_image('RGB | LR | D_sr | D_de | truth | S', shown, step)
                for kind, pairs in self.affinities(joint).items():
                    both = torch.cat([side[0].flatten(0, -2) for side in pairs[-1]], 1)
                    board.add_image(f'affinity {kind} | sr | de', (both[None] + 1) / 2, step)


def _l1(error: Tensor, joint: Joint) -> Tensor:
    return scaled_l1(error, joint.units.spread, torch.ones_like(joint.mask), joint.mask)


def _share(teaches: Tensor, mask: Tensor) -> Tensor:
    """Return the share of decisions, of whatever extent, in which depth estimation teaches."""
    counts = mask if teaches.shape == mask.shape else mask.amax((1, 2, 3), keepdim=True)
    return masked_mean(teaches.expand_as(counts), counts)


def _with_pictures(batch: Batch, features: Features) -> tuple[Batch, Features]:
    """
    Return the samples of a batch that have a picture, and the features of those.

    Where none has, one that counts nowhere is left: processes that train together need the same
    networks to have run.
    """
    assert batch.has_rgb is not None
    pictured = batch.has_rgb > 0.5
    if bool(pictured.all()):
        return batch, features
    if not bool(pictured.any()):
        batch = batch._replace(truth_valid=torch.zeros_like(batch.truth_valid))
        pictured = torch.arange(len(pictured), device=pictured.device) == 0
    parts: list[Any] = [None if part is None else part[pictured] for part in batch]
    depth, sigma, valid = (part[pictured] for part in features[:3])
    blocks = tuple(block[pictured] for block in features.blocks)
    return Batch(*parts), Features(depth, sigma, valid, blocks)
