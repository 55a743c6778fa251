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
What one training run is: dataclasses filled from one YAML file and ``key=value`` overrides.

A file holds only what differs from the defaults here.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml

from cdst_ros.synthetic import SensorProfile, load_profile
from cdst_ros.synthetic.crops import KINDS, MORE_KINDS
from cdst_ros.training.adaptation.config import AdaptationConfig
from cdst_ros.training.guided.config import GuidedConfig
from cdst_ros.training.mismatched.config import MismatchedConfig
from cdst_ros.training.sources.settings import SourceConfig
from cdst_ros.training.transfer.config import TransferConfig
from cdst_ros.training.weights import refuse_negative

_T = TypeVar('_T')
_COUNTS = (
    *('max_steps', 'threads', 'devices', 'nodes'),
    *('validate_every', 'checkpoint_every', 'log_every', 'image_every'),
)


class ConfigError(ValueError):
    """A training configuration that can not be used; the message says where and why."""


@dataclass(frozen=True)
class ModelConfig:
    """
    The network.

    :param network: a name of ``models/registry.py``
    :param scale: output pixels per input pixel, each way
    :param options: what the network takes beyond scale and noise, such as ``width``
    """

    network: str = 'lite'
    scale: int = 4
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataConfig:
    """
    The stream of samples.

    :param crop: width and height of a sample [LR px]
    :param tiles: samples across and down a rendered view
    :param batch_size: samples a step
    :param pool: views that are made before the first step and kept in memory, for all steps to
        draw their samples from; 0 makes fresh ones for every step
    :param workers: processes that make samples; 0 makes them in the training process. The samples
        are the same for every number
    :param sensors: sensor profiles that see the samples, and their shares; empty: the one that
        the model is for
    :param sensor_share: share of the views seen by a sensor; the others are clean
    :param disparity_share: share of the clean views that are disparity instead of depth
    :param holes: share of the image lost in blobs, at most, drawn for every view of the generic
        sensor
    :param kinds: kinds of view of the procedural scenes (``synthetic/crops.py``), and their
        shares; empty: all of them, as models that ship are trained
    :param sources: where samples come from, by their shares; empty: procedural scenes alone
    :param root: folder that paths of sources are below
    :param color: whether batches carry pictures, for networks that learn from them as well
    :param kept: folder of samples that many runs draw from, whatever their seeds; the first run
        that misses it makes it, of ``pool`` views
    """

    crop: int = 24
    tiles: int = 2
    batch_size: int = 24
    pool: int = 0
    workers: int = 1
    sensors: dict[str, float] = field(default_factory=dict)
    sensor_share: float = 0.5
    disparity_share: float = 0.7
    holes: float = 0.05
    kinds: dict[str, float] = field(default_factory=dict)
    sources: list[SourceConfig] = field(default_factory=list)
    root: str = ''
    color: bool = False
    kept: str | None = None

    def __post_init__(self) -> None:
        for name in ('sensor_share', 'disparity_share', 'holes'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'{name} is a share of 0 to 1, got {getattr(self, name)}')
        if self.crop < 8 or min(self.batch_size, self.tiles) < 1:
            raise ValueError(
                'crop must be at least 8, batch_size and tiles at least 1, '
                f'got {self.crop}, {self.batch_size} and {self.tiles}'
            )
        if min(self.workers, self.pool) < 0:
            raise ValueError(
                f'workers and pool must not be negative, got {self.workers} and {self.pool}'
            )
        for name, share in self.sensors.items():
            load_profile(name)
            if not (isinstance(share, int | float) and share > 0):
                raise ValueError(f'the share of sensor {name!r} must be positive, got {share!r}')
        for kind, share in self.kinds.items():
            if kind not in (known := (*KINDS, *MORE_KINDS)):
                raise ValueError(f'there is no kind of view {kind!r}: use {", ".join(known)}')
            if not (isinstance(share, int | float) and share > 0):
                raise ValueError(f'the share of views {kind!r} must be positive, got {share!r}')
        if self.color and not self.sources:
            raise ValueError('color needs data.sources: name them, procedural or others')
        if self.kept is not None and not (self.color and self.pool):
            raise ValueError('kept needs color, and a pool')


@dataclass(frozen=True)
class LossConfig:
    """
    Weights of the losses.

    :param sigmas: of the L1 error in units of the sensor's noise: absolute, so edges dominate
    :param units: of the L1 error in local units: relative, so surfaces count as edges do
    :param likelihood: of the Laplace likelihood that calibrates sigma
    :param edges: extra weight of pixels at discontinuities in both L1 errors
    :param thin: extra weight of structures of less than an input pixel's width in both L1 errors
    :param levels: of the L1 error of disparity [grey levels], beyond what rounding takes away
    :param rounding: errors up to this count as none in ``levels``, as the output is rounded to
        whole levels; below 0.5, so that it rounds to the same side [grey levels]
    """

    sigmas: float = 0.5
    units: float = 20.0
    likelihood: float = 0.1
    edges: float = 0.0
    thin: float = 0.0
    levels: float = 0.0
    rounding: float = 0.3

    def __post_init__(self) -> None:
        refuse_negative(self)
        if not 0 <= self.rounding < 0.5:
            raise ValueError(f'rounding is of 0 to 0.5 levels, got {self.rounding}')


@dataclass(frozen=True)
class OptimiserConfig:
    """
    AdamW under a cosine schedule.

    :param learning_rate: at its peak
    :param warmup_steps: steps of linear warm-up
    :param final_share: of the peak that is left at the end
    :param weight_decay: decoupled
    :param clip: greatest norm of the gradient
    :param averaging: decay of the moving average of the weights, which is what is exported
    """

    learning_rate: float = 4e-3
    warmup_steps: int = 50
    final_share: float = 0.01
    weight_decay: float = 1e-4
    clip: float = 0.3
    averaging: float = 0.999

    def __post_init__(self) -> None:
        refuse_negative(self)
        for name in ('learning_rate', 'clip'):
            if not getattr(self, name) > 0:
                raise ValueError(f'{name} must be positive, got {getattr(self, name)}')
        for name in ('final_share', 'averaging'):
            if not getattr(self, name) <= 1:
                raise ValueError(f'{name} is a share of 0 to 1, got {getattr(self, name)}')


@dataclass(frozen=True)
class StopConfig:
    """
    When a run ends before its last step.

    :param watch: the figure of the validation that is to fall
    :param patience: validations in a row in which it may not
    """

    watch: str = 'val/sigmas'
    patience: int = 10

    def __post_init__(self) -> None:
        if self.patience < 1 or not self.watch.startswith('val/'):
            raise ValueError(
                'patience must be at least 1 and watch a figure of val/, '
                f'got {self.patience} and {self.watch}'
            )


@dataclass(frozen=True)
class TrainConfig:
    """
    One run.

    :param name: of the run and of the model that it trains
    :param seed: of the initial weights and of every sample
    :param max_steps: steps of the optimiser
    :param schedule_steps: length of the learning rate's schedule; ``max_steps`` when null.
        Give both to stop early, or to go on later, on one curve
    :param threads: CPU threads that torch may use, in each process. Every number gives the same
        curve but for rounding; more than there are cores slows it down
    :param precision: Lightning's: ``32-true``, or ``bf16-mixed`` where the processor has it
    :param accelerator: Lightning's: ``cpu``, ``gpu`` or ``auto``
    :param devices: processes on every machine, each with a device of its own; ``batch_size`` is
        that of all together
    :param nodes: machines; each runs the same command, as Lightning and torchrun have it
    :param strategy: Lightning's: ``auto``, ``ddp``, ...
    :param validate_every: steps between validations
    :param checkpoint_every: steps between checkpoints
    :param log_every: steps between points of the curves
    :param image_every: validations between images
    :param validation_data: folder that holds ``middlebury24``, ``msgnet70`` or both; validates on
        their validation scenes too
    :param runs: folder of all runs
    :param profile: sensor profile that the model is for: a name, or a YAML file
    :param stop: ends the run when validation gets no better; null runs to the last step
    :param transfer: what colour teaches meanwhile; null trains on depth alone
    :param mismatched: trains depth from colour instead, on depth of low resolution; null: not
    :param guided: trains a network that sees colour as well; null: one of depth alone
    :param adaptation: what measured depth and colour teach where nobody knows the truth; null: not
    :param start: model (a shipped name, or an ONNX file) or checkpoint whose weights to begin
        with; a file takes over its ``model`` and ``profile`` where it names none of its own, and
        a guided one may take its branch of depth alone from a model of depth alone. Null begins
        anew
    """

    name: str
    seed: int = 0
    max_steps: int = 20_000
    schedule_steps: int | None = None
    threads: int = 1
    precision: str = '32-true'
    accelerator: str = 'cpu'
    devices: int = 1
    nodes: int = 1
    strategy: str = 'auto'
    validate_every: int = 500
    checkpoint_every: int = 500
    log_every: int = 20
    image_every: int = 4
    validation_data: str | None = None
    runs: str = 'runs'
    profile: str = 'generic'
    start: str | None = None
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    stop: StopConfig | None = None
    transfer: TransferConfig | None = None
    mismatched: MismatchedConfig | None = None
    adaptation: AdaptationConfig | None = None
    guided: GuidedConfig | None = None

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be at least 1, got {getattr(self, name)}')
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')
        load_profile(self.profile)
        processes = self.devices * self.nodes
        if self.data.batch_size % processes:
            raise ValueError(
                f'data.batch_size {self.data.batch_size} can not be shared by {processes} '
                f'processes: make it a multiple of {processes}'
            )
        if self.stop and self.stop.watch.endswith('_mad') and self.validation_data is None:
            raise ValueError(f'stop.watch {self.stop.watch} needs validation_data')
        self._check_transfer()
        if self.mismatched is not None:
            if not self.data.color:
                raise ValueError('mismatched learns from pictures: set data.color and sources')
            if self.transfer is not None:
                raise ValueError('transfer and mismatched are two trainings: give one of them')
            if self.validation_data is not None:
                raise ValueError(
                    'mismatched validates on pictures, and validation_data has none: name '
                    'sources in mismatched.validation'
                )
        self._check_guided()
        if self.adaptation is not None and (self.transfer or self.mismatched or self.guided):
            raise ValueError(
                'adaptation, transfer, mismatched and guided are trainings: give one of them'
            )
        if self.schedule_steps is not None and self.schedule_steps < self.max_steps:
            raise ValueError(
                f'schedule_steps ({self.schedule_steps}) is shorter than max_steps '
                f'({self.max_steps}): the learning rate would have ended before the run'
            )

    def _check_transfer(self) -> None:
        if self.transfer is None:
            return
        if not self.data.color:
            raise ValueError('transfer learns from pictures: set data.color and data.sources')
        side, stem = self.data.crop * self.model.scale, self.transfer.estimation.get('stem', 1)
        if isinstance(stem, int) and stem > 0 and side % stem:
            raise ValueError(
                f'transfer.estimation.stem {stem} does not divide the {side} px of a crop of the '
                f'output (data.crop {self.data.crop} at x{self.model.scale})'
            )

    def _check_guided(self) -> None:
        if (self.model.network == 'guided') != (self.guided is not None):
            raise ValueError(
                'model.network guided and a section guided belong together (guided: {} takes its '
                'defaults): give both, or neither'
            )
        if self.guided is None:
            return
        if not self.data.color:
            raise ValueError('guided learns from pictures: set data.color and data.sources')
        if self.transfer is not None or self.mismatched is not None:
            raise ValueError('guided, transfer and mismatched are trainings: give one of them')
        if self.guided.frozen and self.start is None:
            raise ValueError('guided.frozen keeps what start names: give a start, or unfreeze it')

    @property
    def sensor(self) -> SensorProfile:
        """The sensor profile that ``profile`` names."""
        return load_profile(self.profile)

    @property
    def sensors(self) -> dict[SensorProfile, float]:
        """The sensors that see the samples, and their shares."""
        shares = self.data.sensors or {self.profile: 1.0}
        return {load_profile(name): float(share) for name, share in shares.items()}

    @property
    def folder(self) -> Path:
        """Where this run writes."""
        return Path(self.runs) / self.name

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values, for checkpoints."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = 'checkpoint') -> TrainConfig:
        """Return the configuration of plain values; ``source`` names them in errors."""
        return _fill(cls, values, source, '')


def shipped_configs() -> dict[str, Path]:
    """Return the configurations inside the package by name."""
    folder = Path(str(resources.files('cdst_ros.training') / 'configs'))
    return {path.stem: path for path in sorted(folder.glob('*.yaml'))}


def load_config(name_or_path: str, overrides: Sequence[str] = ()) -> TrainConfig:
    """
    Read a configuration.

    :param name_or_path: a shipped name such as ``lite_x4``, or a YAML file
    :param overrides: ``key=value``, dotted keys into sections: ``data.crop=24``
    :raises ConfigError: what is wrong where, and what there is instead
    """
    path = _find(name_or_path)
    try:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} can not be read as YAML: {error}') from None
    if not isinstance(values, dict):
        raise ConfigError(f'{path} holds no mapping of keys to values')
    values.setdefault('name', path.stem)
    for override in overrides:
        _override(values, override)
    if values.get('start') is not None:
        from cdst_ros.training.start import with_start  # brings torch

        values = with_start(values)
    return TrainConfig.from_dict(values, str(path))


def _find(name_or_path: str) -> Path:
    shipped = shipped_configs()
    path = shipped.get(name_or_path, Path(name_or_path))
    if path.is_file():
        return path
    raise ConfigError(
        f'no training configuration {name_or_path!r}: give a YAML file, or one of '
        f'{", ".join(shipped)}'
    )


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition('=')
    if not key or not equals:
        raise ConfigError(f'{override!r} is no override: write key=value, as in max_steps=1000')
    *sections, last = key.split('.')
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f'{override!r}: {section!r} is a value, not a section')
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f'{override!r}: the value is no YAML: {error}') from None


def _fill(cls: type[_T], values: object, source: str, prefix: str) -> _T:
    """Return ``cls`` with fields from ``values``; ``prefix`` is the section's dotted name."""
    where = f'{source}: {prefix.rstrip(".") or "top level"}'
    if not isinstance(values, Mapping):
        raise ConfigError(f'{where}: is a section with keys, got {values!r}')
    kinds = typing.get_type_hints(cls)
    unknown = sorted(str(key) for key in values if key not in kinds)
    if unknown:
        raise ConfigError(
            f'{where}: unknown key {", ".join(unknown)}; there are: {", ".join(sorted(kinds))}'
        )
    filled = {
        key: _value(kinds[key], value, source, f'{prefix}{key}') for key, value in values.items()
    }
    try:
        return cls(**filled)
    except (TypeError, ValueError) as error:
        raise ConfigError(f'{where}: {error}') from None


def _value(kind: Any, value: Any, source: str, key: str) -> Any:
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind = next(option for option in typing.get_args(kind) if option is not type(None))
    if dataclasses.is_dataclass(kind):
        assert isinstance(kind, type)
        return _fill(kind, value, source, f'{key}.')
    if typing.get_origin(kind) is list:
        return _values(typing.get_args(kind)[0], value, source, key)
    kind = typing.get_origin(kind) or kind
    if kind is float and isinstance(value, str):
        # YAML 1.1 takes 1e-3 for text.
        try:
            return float(value)
        except ValueError:
            pass
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f'{source}: {key} must be of type {kind.__name__}, got {value!r}')
    return value


def _values(kind: Any, values: Any, source: str, key: str) -> list[Any]:
    if not isinstance(values, list):
        raise ConfigError(f'{source}: {key} must be a list, got {values!r}')
    return [_value(kind, value, source, f'{key}.{n}') for n, value in enumerate(values)]
