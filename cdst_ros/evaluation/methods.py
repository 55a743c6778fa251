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
"""The methods that an evaluation compares: classical ones, and models with and without bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import Engine
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
from cdst_ros.superres.frame import Result, Settings, SuperResolution
from cdst_ros.superres.store import find_model


@dataclass(frozen=True)
class Method:
    """
    A way to enlarge depth.

    :param name: of the classical method, or of the model
    :param engine: that does it
    :param is_model: whether it is a model
    :param file: of the model, None for what is none
    """

    name: str
    engine: Engine
    is_model: bool
    file: Path | None = None

    @property
    def scale(self) -> int:
        """Output pixels per input pixel, each way."""
        return self.engine.info.scale

    @property
    def guided(self) -> bool:
        """Whether it needs colour."""
        return self.engine.info.guided

    @property
    def noise(self) -> NoiseModel:
        """Noise of the sensor that it is meant for."""
        return self.engine.info.noise

    def enlarge(self, depth: F32, rgb: U8 | None = None, *, bounded: bool = False) -> Result:
        """
        Enlarge a frame exactly as the node does.

        :param depth: (H, W) [m], NaN = unknown
        :param rgb: (sH, sW, 3), for guided methods
        """
        run = SuperResolution(self.engine, Settings(bounded=bounded))
        return run(depth, rgb if self.guided else None)

    def details(self) -> dict[str, Any]:
        """Return what runs it, and ``guided`` of those that need colour, as JSON values."""
        info = self.engine.info
        details = {'engine': info.engine, 'precision': info.precision, 'device': info.device}
        return {**details, 'guided': True} if info.guided else details


@contextmanager
def open_methods(request: Request, scales: Iterable[int]) -> Iterator[list[Method]]:
    """
    Open the classical methods at every scale, and the models at theirs; close them afterwards.

    Models of other scales are refused. Order: by scale, classical methods first.

    :raises EvaluationError: for a model whose scale is not among ``scales``
    :raises ModelError: for a model that cannot be used
    :raises EngineError: for an engine that cannot
    """
    scales = sorted(set(scales))
    models = list(_models_at(request.models, scales))
    with ExitStack() as stack:

        def opened(name: str, engine: Engine, file: Path | None = None) -> Method:
            stack.callback(engine.close)
            return Method(name, engine, file is not None, file)

        methods: list[Method] = []
        for scale in scales:
            methods += [
                opened(name, open_engine(None, name, scale=scale)) for name in CLASSICAL_ENGINES
            ]
            methods += [
                opened(name, open_engine(str(model), request.engine, request.precision), model)
                for name, model, own in models
                if own == scale
            ]
        yield methods


def _models_at(models: Iterable[str], scales: list[int]) -> Iterator[tuple[str, Path, int]]:
    """Yield the name, the file and the scale of each model."""
    taken: set[str] = set(CLASSICAL_ENGINES)
    for model in models:
        path = find_model(model)
        metadata = read_metadata(path)
        if metadata.scale not in scales:
            raise EvaluationError(
                f'{model} enlarges by {metadata.scale}, which is not evaluated here (scales '
                f'{", ".join(map(str, scales))}): leave it out, or add --scale {metadata.scale}'
            )
        # Two checkpoints of one network have one name: their files tell them apart.
        name = metadata.name if metadata.name not in taken else str(path)
        taken.add(name)
        yield name, path, metadata.scale
