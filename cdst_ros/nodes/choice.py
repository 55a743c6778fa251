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
"""Which engine the parameters ask for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.superres.contract import (
    ModelMetadata,
    read_conversion,
    read_metadata,
    read_origin,
)
from cdst_ros.superres.engine import Engine, EngineInfo, ModelError
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
from cdst_ros.superres.selection import AUTO, candidates, open_best, scale_of
from cdst_ros.superres.store import find_model

#: Height and width of the input [px].
Size = tuple[int, int]


class Geometry(NamedTuple):
    """What of the output's grid follows from the engine."""

    scale: int
    alignment: GridAlignment

    @classmethod
    def of(cls, engine: EngineInfo | ModelMetadata) -> Geometry:
        """Return the geometry of an engine or a model."""
        return cls(engine.scale, engine.alignment)

    def __str__(self) -> str:
        return f'x{self.scale}, {self.alignment.value}'


@dataclass(frozen=True)
class EngineChoice:
    """
    The parameters that engines are built from; versions tell a rewritten model file apart.

    :param version: modification time [ns] and size [bytes] of the model file
    :param guided_model: for frames with colour; empty where there is none
    :param guided_version: as ``version``, of that
    :param size: of the input that the model is chosen for, where it is; None: not known yet
    :param rate: of that input [Hz]
    """

    model: str
    engine: str
    precision: str
    threads: int
    scale: int
    version: tuple[int, int]
    size: Size | None = None
    rate: float = 0.0
    guided_model: str = ''
    guided_version: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, parameters: Parameters, seen: Size | None = None) -> EngineChoice:
        """
        Return what these parameters ask for.

        :param seen: size of the last frame, which a model that is to be chosen is chosen for
        :raises ModelError: there is no such model
        """
        classical = parameters.engine in CLASSICAL_ENGINES
        version = (0, 0)
        automatic = parameters.model == AUTO and not classical
        if not automatic and not (classical and parameters.scale):
            version = _version(parameters.model)
        guided = parameters.guided_model
        return cls(
            model=parameters.model,
            engine=parameters.engine,
            precision=parameters.precision,
            threads=parameters.threads,
            scale=parameters.scale,
            version=version,
            size=(seen or parameters.size()) if automatic else None,
            rate=parameters.expected_rate if automatic else 0.0,
            guided_model=guided,
            guided_version=_version(guided) if guided else (0, 0),
        )

    @property
    def automatic(self) -> bool:
        """Whether the model is to be chosen by timing."""
        return self.model == AUTO and not self.classical

    @property
    def classical(self) -> bool:
        """Whether the engine needs no model."""
        return self.engine in CLASSICAL_ENGINES

    def geometry(self) -> Geometry:
        """
        Return the geometry of the output, without building the engine.

        :raises ModelError: the model cannot be used; says why
        """
        if self.classical and self.scale:
            return Geometry(self.scale, GridAlignment.HALF_PIXEL)
        if self.automatic:
            best = candidates(scale_of(self.scale), self.engine)[0]
            return Geometry.of(read_metadata(best.file))
        found = Geometry.of(read_metadata(find_model(self.model)))
        if self.scale not in (0, found.scale):
            raise ModelError(
                f'{self.model} enlarges by {found.scale} and scale is {self.scale}: set scale to '
                '0, or choose another model'
            )
        # Classical methods know one alignment; from a model they take the scale only.
        return Geometry(found.scale, GridAlignment.HALF_PIXEL) if self.classical else found

    def check_guided(self) -> None:
        """
        Check that the guided model is one, and goes with the model.

        :raises ModelError: why it does not, and what to do
        """
        if not self.guided_model:
            return
        found = read_metadata(find_model(self.guided_model))
        if not found.guided:
            raise ModelError(
                f'guided_model {self.guided_model} takes no colour: give one with the input rgb, '
                'or leave guided_model empty and give this one as model'
            )
        if self._sees_color():
            raise ModelError(
                f'{self} takes colour itself, so guided_model {self.guided_model} has no part in '
                'it: give as model one of depth alone, or leave guided_model empty'
            )
        due, has = self.geometry(), Geometry.of(found)
        if has != due:
            raise ModelError(
                f'guided_model {self.guided_model} is {has} and {self} is {due}: frames with '
                'colour and those without must have one output grid; give two models of one '
                'scale and alignment'
            )

    def caution(self) -> str:
        """
        Return what to say of a guided model whose depth alone is not that of the model.

        It is accepted, but frames with colour and those without come of two networks then. Empty
        where all is well, or a file does not say what it was trained from.

        :raises ModelError: a model cannot be read
        """
        if not self.guided_model or self.automatic or self.classical:
            return ''
        guided, plain = find_model(self.guided_model), find_model(self.model)
        origin = read_origin(guided)
        start = origin.get('start', {})
        own = hashlib.sha256(plain.read_bytes()).hexdigest()
        same = {own, read_conversion(plain).get('of_sha256', own)}
        if not origin or start.get('sha256') in same:
            return ''
        begun = (
            f'begins with {start["name"]}' if start else 'has a branch of depth alone of its own'
        )
        return (
            f'guided_model {self.guided_model} {begun}, and model is {self.model}: where colour '
            'comes and goes, depth is that of one network and of the other in turn. Give as model '
            'the one that it was trained from, or the guided model itself: it does without colour'
        )

    def open_guided(self) -> Engine | None:
        """
        Build the engine of frames with colour; None where none is asked for.

        :raises ModelError: the model cannot be used, or does not go with the other
        :raises EngineError: the engine cannot be built here
        """
        self.check_guided()
        if not self.guided_model:
            return None
        return open_engine(
            self.guided_model,
            engine='auto' if self.classical else self.engine,
            precision=self.precision,
            threads=self.threads or None,
            live=True,
        )

    def open(self) -> Engine:
        """
        Build the engine; one that is slow to get ready comes with a standby on the CPU.

        :raises ModelError: the model cannot be used
        :raises EngineError: the engine cannot be built here
        """
        if self.automatic:
            return open_best(
                scale_of(self.scale),
                self.size,
                self.rate,
                engine=self.engine,
                threads=self.threads or None,
            )
        return open_engine(
            None if self.classical else self.model,
            engine=self.engine,
            precision=self.precision,
            threads=self.threads or None,
            scale=self.geometry().scale,
            live=True,
        )

    def _sees_color(self) -> bool:
        if self.classical:
            return self.engine == 'joint_bilateral'
        return not self.automatic and read_metadata(find_model(self.model)).guided

    def __str__(self) -> str:
        if self.classical:
            return f'{self.engine}' + (f' x{self.scale}' if self.scale else f' as {self.model}')
        if self.automatic:
            at = '' if self.size is None else f' for {self.size[1]}x{self.size[0]} px'
            return f'the best model{at}'
        return f'{self.model} on {self.engine}'


def _version(model: str) -> tuple[int, int]:
    """Return modification time [ns] and size [bytes] of a model file."""
    status = find_model(model).stat()
    return status.st_mtime_ns, status.st_size
