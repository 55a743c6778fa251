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
"""What a model of lower precision loses against the one in float32, held against a bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cdst_ros.depth.arrays import F32
from cdst_ros.evaluation import middlebury, procedural
from cdst_ros.evaluation.engine_check import (
    Candidate,
    EngineCheck,
    check_engines,
    reference_engine,
)
from cdst_ros.evaluation.protocols import PROTOCOLS, protocol
from cdst_ros.evaluation.report import Progress, Request, Row
from cdst_ros.superres.contract import ModelMetadata, read_metadata
from cdst_ros.superres.engines import CPU_ENGINES, describe_engines
from cdst_ros.synthetic import load_profile
from cdst_ros.synthetic.camera import SyntheticCamera

#: No error of a protocol may grow by more than this share.
BOUND = 0.02

#: Errors that are held against the bound, where a protocol has them.
_GREY = ('mad', 'rmse')
_METRIC = ('rmse_cm', 'mae_cm', 'edge_rmse_cm', 'edge_mae_cm')

#: Rooms that no evaluation, and nothing that is calibrated on others, sees.
CALIBRATION_SEEDS, CHECK_SEED = (701, 702, 703, 704), 801
_SIZE = (160, 120)
_FRAMES = 4


class Trial(NamedTuple):
    """
    A protocol that both models go through.

    :param data: of the protocol; None where it makes its own
    :param frames: at most so many; None: all
    """

    protocol: str
    data: Path | None = None
    frames: int | None = None


@dataclass(frozen=True)
class Loss:
    """
    An error of a protocol, of the model in float32 and of the converted one.

    :param figure: name of the error; of grey levels or centimetres, see the protocol
    """

    protocol: str
    figure: str
    before: float
    after: float

    @property
    def growth(self) -> float:
        """By what share the error grew; below 0 where it shrank."""
        return self.after / self.before - 1 if self.before else 0.0


@dataclass(frozen=True)
class PrecisionCheck:
    """
    What a converted model loses.

    :param engines: distance from float32 of each engine on the CPU, in mm
    :param losses: of every protocol
    :param bound: largest growth of an error that is accepted, as a share
    """

    model: str
    engines: tuple[EngineCheck, ...]
    losses: tuple[Loss, ...]
    bound: float

    @property
    def worst(self) -> Loss:
        """The error that grew most."""
        return max(self.losses, key=lambda loss: loss.growth)

    @property
    def holds(self) -> bool:
        """Whether it loses no more than the bound."""
        return self.worst.growth <= self.bound

    def to_json(self) -> dict[str, Any]:
        """Return what a model file and a report say of it."""
        return {
            'bound': self.bound,
            'holds': self.holds,
            'losses': [{**asdict(loss), 'growth': loss.growth} for loss in self.losses],
            'engines': [
                {
                    'engine': check.engine,
                    'size': list(check.size),
                    'max_mm': check.agreement.max_mm,
                    'rms_mm': check.agreement.rms_mm,
                    'range_m': list(check.agreement.range_m),
                }
                for check in self.engines
                if check.agreement is not None
            ],
        }


def calibration_frames(metadata: ModelMetadata) -> list[F32]:
    """Return procedural frames by the sensor that a model is for, (H, W) [m]."""
    return [frame for seed in CALIBRATION_SEEDS for frame in _rooms(metadata, seed)]


def check_frames(metadata: ModelMetadata) -> list[F32]:
    """Return other procedural frames by that sensor, (H, W) [m]."""
    return _rooms(metadata, CHECK_SEED)


def trials_of(metadata: ModelMetadata, data: dict[str, Path], frames: int) -> list[Trial]:
    """
    Return what a model is to go through: the protocol of its sensor, and those that data are for.

    :param data: folders by protocol
    :param frames: procedural views; the others are looked at whole
    :raises EvaluationError: for an unknown protocol
    """
    own = procedural.protocol_name(metadata.profile)
    trials = [Trial(own, None, frames)] if own in PROTOCOLS else []
    trials += [Trial(name, folder) for name, folder in data.items()]
    return [trial for trial in trials if metadata.scale in protocol(trial.protocol).scales]


def check_precision(
    before: Path,
    after: Path,
    frames: Sequence[F32],
    trials: Sequence[Trial],
    *,
    bound: float = BOUND,
    engine: str = 'auto',
    progress: Progress = lambda done, total, what: None,
) -> PrecisionCheck:
    """
    Measure what a converted model loses.

    :param before: the model in float32
    :param after: the converted one
    :param frames: (H, W) [m], all of one size, to measure millimetres on
    :param trials: protocols, at least one
    :param engine: that runs the protocols
    :raises EngineError: where it can not be run
    :raises EvaluationError: where a protocol can not
    """
    losses = [loss for trial in trials for loss in _losses(trial, before, after, engine, progress)]
    return PrecisionCheck(
        model=read_metadata(after).name,
        engines=tuple(_distances(before, after, frames)),
        losses=tuple(losses),
        bound=bound,
    )


def _rooms(metadata: ModelMetadata, seed: int) -> list[F32]:
    camera = SyntheticCamera(
        seed,
        *_SIZE,
        scale=metadata.scale,
        rate_hz=1.0,
        profile=load_profile(metadata.profile),
        frames=_FRAMES,
        color=False,
    )
    return [frame.depth for frame, _ in zip(camera, range(_FRAMES), strict=False)]


def _distances(before: Path, after: Path, frames: Sequence[F32]) -> Iterator[EngineCheck]:
    here = [item.name for item in describe_engines() if item.available]
    candidates = [Candidate(name) for name in CPU_ENGINES if name in here]
    reference = reference_engine(before)
    try:
        yield from check_engines(after, candidates, frames, reference, rounds=1)
    finally:
        reference.close()


def _losses(
    trial: Trial, before: Path, after: Path, engine: str, progress: Progress
) -> Iterator[Loss]:
    names = [read_metadata(path).name for path in (before, after)]
    request = Request(
        data=trial.data,
        scales=(read_metadata(before).scale,),
        models=(str(before), str(after)),
        engine=engine,
        frames=trial.frames,
        progress=_named(progress, trial.protocol),
    )
    rows = {row.method: row for row in protocol(trial.protocol).run(request).rows}
    one, other = (_errors(trial.protocol, rows[name]) for name in names)
    for figure, value in one.items():
        yield Loss(trial.protocol, figure, value, other[figure])


def _named(progress: Progress, name: str) -> Callable[[int, int, str], None]:
    return lambda done, total, what: progress(done, total, f'{name} {what}')


def _errors(name: str, row: Row) -> dict[str, float]:
    if name == middlebury.NAME:
        return {figure: row.scores[figure]['mean'] for figure in _GREY}
    return {figure: row.metrics[figure] for figure in _METRIC if figure in row.metrics}
