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
"""What is trained: a network, its losses, its schedule, and what is watched meanwhile."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.registry import build
from cdst_ros.training.config import TrainConfig
from cdst_ros.training.data import Batch
from cdst_ros.training.losses import (
    edge_weight,
    laplace_likelihood,
    level_l1,
    local_unit,
    masked_mean,
    mean_of_ranks,
    scaled_l1,
    thin_weight,
)
from cdst_ros.training.pictures import comparison
from cdst_ros.training.validation import to_levels


class TrainingError(RuntimeError):
    """A run that can not go on; the message says why."""


class Step(NamedTuple):
    """What a batch gives: weighted losses, which add up, and figures to watch; by name."""

    losses: dict[str, Tensor]
    figures: dict[str, Tensor]


class Weighed(NamedTuple):
    """
    What errors of a batch count as, (N, 1, sh, sw) each.

    :param unit: an error of one unit [m]
    :param weight: of each pixel in the L1 errors; None where they do not count
    """

    unit: Tensor
    weight: Tensor | None


class _Averaging(Callback):
    """
    Moves the average of a system after every step.

    A module's own hook would come after the checkpoint of that step, which would lack it.
    """

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Move it."""
        assert isinstance(pl_module, SuperResSystem)
        pl_module.move_average()


class SuperResSystem(LightningModule):
    """
    Trains a network of ``models/registry.py`` on ``Batch``es.

    ``network`` is what learns, ``average`` the moving average of its weights: what is validated
    and exported.

    :param config: a ``TrainConfig`` as plain values, so that a checkpoint loads without code
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.save_hyperparameters({'config': dict(config)})
        self.config = TrainConfig.from_dict(config)
        self.network = self.make_network()
        # Convolutions on a CPU are fastest this way, in bfloat16 above all.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        #: Commit, command and start of this training; kept in its checkpoints.
        self.provenance: dict[str, Any] = {}
        #: Folder of each real validation scene: their errors are logged by it as well.
        self.scene_folders: tuple[str, ...] = ()
        self._pictures = 0
        self._newest: tuple[Batch, dict[str, Tensor]] | None = None
        self._random: Tensor | None = None

    @property
    def watchable(self) -> tuple[str, ...]:
        """The figures of the validation that may end a run (``StopConfig.watch``)."""
        errors = tuple(f'val/{name}_cm' for name in ('mae', 'edge_mae', 'thin_mae'))
        folders = tuple(f'val/{folder}_mad' for folder in dict.fromkeys(self.scene_folders))
        scenes = ('val/middlebury_mad', *folders) if folders else ()
        return ('val/sigmas', 'val/covered_half', *errors, *scenes)

    def make_network(self) -> nn.Module:
        """Return a new network, as the configuration has it."""
        noise = self.config.sensor.noise
        return build(
            self.config.model.network,
            self.config.model.scale,
            (noise.constant, noise.linear, noise.quadratic),
            **self.config.model.options,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep where this training comes from, and the state of torch's random numbers."""
        checkpoint['provenance'] = dict(self.provenance)
        checkpoint['random'] = torch.get_rng_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the random numbers, once the loaders have drawn theirs."""
        self._random = checkpoint.get('random')

    def on_train_batch_start(self, *_: Any) -> None:
        """Go on with the random numbers of the checkpoint."""
        if self._random is not None:
            torch.set_rng_state(self._random.cpu())
            self._random = None

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Return the loss of one batch."""
        losses, figures = self.step(batch)
        total = torch.stack(list(losses.values())).sum()
        self._newest = batch, {name: loss.detach() for name, loss in losses.items()}
        # One for all processes: where one stopped alone, the others would wait for it.
        if mean_of_ranks(torch.isfinite(total).float()) < 1:
            raise self._not_finite('loss')
        self.log('loss', total, prog_bar=True, sync_dist=True)
        terms = {f'loss/{name}': value for name, value in losses.items()}
        self.log_dict(terms, prog_bar=True, sync_dist=True)
        self.log_dict(figures, sync_dist=True)
        return total

    def _not_finite(self, what: str) -> TrainingError:
        """Keep the batch whose loss or gradient is not finite, and return what to raise."""
        assert self._newest is not None
        batch, losses = self._newest
        file = self.config.folder / f'not_finite_{self.global_step}_{self.global_rank}.pt'
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save({k: v for k, v in batch._asdict().items() if v is not None}, file)
        terms = ', '.join(f'{name} {value.item():g}' for name, value in losses.items())
        return TrainingError(
            f'the {what} is not finite at step {self.global_step} ({terms}); its batch is in '
            f'{file} (torch.load shows it). Lower optimiser.learning_rate, or use '
            'precision=32-true'
        )

    def step(self, batch: Batch) -> Step:
        """Return the weighted losses of a batch by name."""
        return self.super_resolution(batch, *self.network(batch.depth, batch.valid))

    def predict(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """
        Return what the average weights make of a batch.

        :return: depth [m], sigma [m] and validity (0 or 1), each (N, 1, H, W)
        """
        found: tuple[Tensor, Tensor, Tensor] = self.average(batch.depth, batch.valid)
        return found

    def super_resolution(
        self, batch: Batch, depth_hr: Tensor, sigma_hr: Tensor, valid_hr: Tensor
    ) -> Step:
        """Return the losses of ``LossConfig`` of what the network makes of a batch."""
        return Step(self.errors(batch, self.weigh(batch), depth_hr, sigma_hr, valid_hr), {})

    def weigh(self, batch: Batch) -> Weighed:
        """Return what errors of a batch count as."""
        weights, scale = self.config.loss, self.config.model.scale
        unit = local_unit(batch.depth, batch.valid, self._sigma(batch.depth), scale)
        if not (weights.sigmas or weights.units):
            return Weighed(unit, None)
        weight = edge_weight(batch.truth, batch.truth_valid, weights.edges)
        return Weighed(
            unit, weight + thin_weight(batch.truth, batch.truth_valid, weights.thin, scale)
        )

    def errors(
        self, batch: Batch, weighed: Weighed, depth_hr: Tensor, sigma_hr: Tensor, valid_hr: Tensor
    ) -> dict[str, Tensor]:
        """Return the losses of ``LossConfig`` of one output for a batch, where it is valid."""
        weights = self.config.loss
        error = depth_hr - batch.truth
        mask = batch.truth_valid * valid_hr
        unit, weight = weighed
        losses = {
            'likelihood': weights.likelihood * laplace_likelihood(error, sigma_hr, unit, mask)
        }
        if weight is not None:
            sigmas = scaled_l1(error, self._sigma(batch.truth), weight, mask)
            losses['sigmas'] = weights.sigmas * sigmas
            losses['units'] = weights.units * scaled_l1(error, unit, weight, mask)
        if weights.levels and batch.disparity is not None and batch.step is not None:
            rounded = mask * batch.disparity[:, None, None, None]
            beyond = level_l1(error, batch.step, weights.rounding, rounded)
            losses['levels'] = weights.levels * beyond
        return losses

    def configure_callbacks(self) -> list[Callback]:
        """Return what moves the average, for its place is before a checkpoint is written."""
        return [_Averaging()]

    def move_average(self) -> None:
        """Move the average towards the weights; faster at first."""
        decay = min(self.config.optimiser.averaging, self.global_step / (self.global_step + 20))
        with torch.no_grad():
            for mean, new in zip(
                self.average.parameters(), self.network.parameters(), strict=True
            ):
                mean.lerp_(new, 1.0 - decay)

    def validation_step(self, batch: Batch, index: int, dataloader_idx: int = 0) -> None:
        """Log the errors of the average weights beside bicubic ones."""
        if dataloader_idx == 0:
            self._validate(batch, index)
        else:
            self._validate_disparity(batch, index)

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        """Clip the norm of the gradient."""
        self.clip(self.network.parameters())

    def clip(self, weights: Iterable[nn.Parameter]) -> None:
        """
        Clip the norm of the gradient of these weights, before it moves them.

        :raises TrainingError: when it is not finite, for all weights would be lost
        """
        norm = nn.utils.clip_grad_norm_(weights, self.config.optimiser.clip)
        # float16 tries how far losses can be scaled, and skips the steps at which they can not.
        if self.config.precision != '16-mixed' and not torch.isfinite(norm):
            raise self._not_finite('gradient')

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW under a warmed-up cosine, stepped every step."""
        settings = self.config.optimiser
        optimiser = torch.optim.AdamW(
            [weights for weights in self.parameters() if weights.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate)
        return {
            'optimizer': optimiser,
            'lr_scheduler': {'scheduler': schedule, 'interval': 'step'},
        }

    def _rate(self, step: int) -> float:
        """Return the learning rate at ``step`` as a share of its peak."""
        settings = self.config.optimiser
        length = self.config.schedule_steps or self.config.max_steps
        warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, step / length)))
        return warm * (settings.final_share + (1 - settings.final_share) * falling)

    def _sigma(self, depth: Tensor) -> Tensor:
        """Return the profile's noise [m] at ``depth`` [m], at least a micrometre."""
        noise = self.config.sensor.noise
        sigma = noise.constant + depth * (noise.linear + noise.quadratic * depth)
        return sigma.clamp(min=1e-6)

    def _validate(self, batch: Batch, index: int) -> None:
        scale = self.config.model.scale
        depth_hr, sigma_hr, valid_hr = self.predict(batch)
        mask = self._counted(batch) * valid_hr
        floor = functional.interpolate(batch.depth, scale_factor=scale, mode='bilinear')
        error = (depth_hr - batch.truth).abs()
        within = (error <= math.log(2) * sigma_hr).float()
        figures = {
            'val/sigmas': masked_mean(error / self._sigma(batch.truth), mask),
            'val/covered_half': masked_mean(within, mask),
            **self._centimetres('val', error, batch, mask),
            **self._centimetres('bilinear', (floor - batch.truth).abs(), batch, mask),
        }
        self.log_dict(figures, batch_size=len(batch.depth), add_dataloader_idx=False)
        if index == 0:
            self._pictures += 1
            if (self._pictures - 1) % self.config.image_every == 0:
                self._show(batch, floor, depth_hr)

    def against_truth(self, name: str, depth_hr: Tensor, batch: Batch) -> dict[str, Tensor]:
        """
        Return the errors of an output by name, over what is known beside no hole [cm].

        :param name: that the figures begin with, as in ``val/mae_cm``
        :param depth_hr: (N, 1, H, W) [m]
        """
        return self._centimetres(name, (depth_hr - batch.truth).abs(), batch, self._counted(batch))

    def _counted(self, batch: Batch) -> Tensor:
        """Return where the truth is known, and the floor has read nothing of a hole."""
        holes = functional.max_pool2d(1 - batch.valid, 3, 1, 1)
        scale = self.config.model.scale
        whole = functional.interpolate(1 - holes, scale_factor=scale, mode='nearest')
        return batch.truth_valid * whole

    def _centimetres(
        self, name: str, error: Tensor, batch: Batch, mask: Tensor
    ) -> dict[str, Tensor]:
        """Return mean absolute errors [cm]: of all pixels, at discontinuities, on thin things."""
        edges = edge_weight(batch.truth, batch.truth_valid, 1.0) - 1.0
        thin = thin_weight(batch.truth, batch.truth_valid, 1.0, self.config.model.scale)
        return {
            f'{name}/mae_cm': 100 * masked_mean(error, mask),
            f'{name}/edge_mae_cm': 100 * masked_mean(error, mask * edges),
            f'{name}/thin_mae_cm': 100 * masked_mean(error, mask * thin),
        }

    def _validate_disparity(self, batch: Batch, index: int) -> None:
        """Log the mean absolute difference of Middlebury's protocol [levels]."""
        depth_hr = self.predict(batch)[0]
        error = (to_levels(depth_hr) - to_levels(batch.truth)).abs().mean()
        self.log(
            'val/middlebury_mad', error, batch_size=1, add_dataloader_idx=False, prog_bar=True
        )
        name = f'val/{self.scene_folders[index]}_mad'
        self.log(name, error, batch_size=1, add_dataloader_idx=False)

    def _show(self, batch: Batch, floor: Tensor, depth_hr: Tensor) -> None:
        """Write LR, bilinear, ours and truth to TensorBoard."""
        picture = comparison(batch, floor, depth_hr)
        for logger in self.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(
                    'LR | bilinear | ours | truth', picture, self.global_step
                )
