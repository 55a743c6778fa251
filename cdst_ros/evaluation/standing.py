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
"""How methods stand to each other: pooled figures, intervals, ranks, and who is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.evaluation.metrics.bootstrap import interval
from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure, figures

HEADLINES = tuple(figure for figure in FIGURES if figure.headline)
#: Methods are ranked by this figure: edges are what is restored.
RANKED_BY = 'edge_mae_cm'


class Contestant(Protocol):
    """A method that was scored."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def is_model(self) -> bool:
        """Whether it is a model, or classical."""

    @property
    def guided(self) -> bool:
        """Whether it sees colour."""


@dataclass(frozen=True)
class Figures:
    """
    The figures of a method by name.

    :param pooled: over all frames
    :param replicates: over each resampling of them, (N,)
    """

    pooled: dict[str, float]
    replicates: dict[str, F64]

    @classmethod
    def of(cls, columns: Mapping[str, F64], counts: F64) -> Figures:
        """
        Return the figures of frames.

        :param columns: by name, a sum of every frame, (frames,)
        :param counts: how often each frame is drawn, (N, frames) (``metrics/bootstrap.py``)
        """
        whole = {name: np.asarray(column.sum()) for name, column in columns.items()}
        pooled = {name: float(value) for name, value in figures(whole).items()}
        return cls(pooled, figures({name: counts @ column for name, column in columns.items()}))

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return the 95 % intervals of the headlines."""
        return {
            figure.name: interval(self.replicates[figure.name])
            for figure in HEADLINES
            if figure.name in self.pooled
        }


def standing(
    model: str, contestants: Iterable[Contestant], made: Mapping[str, Figures]
) -> dict[str, Any]:
    """
    Return how a model stands to the best classical methods and to other models, as JSON values.

    ``versus``: to all of them; ``versus_depth_only``: to those that see no colour, as the model.
    ``versus_models``: to each other model, by its name.
    """
    contestants = [one for one in contestants if one.name in made]
    floors = [one for one in contestants if not one.is_model]
    return {
        'versus': versus(made[model], {one.name: made[one.name] for one in floors}),
        'versus_depth_only': versus(
            made[model], {one.name: made[one.name] for one in floors if not one.guided}
        ),
        'versus_models': {
            one.name: versus(made[model], {one.name: made[one.name]})
            for one in contestants
            if one.is_model and one.name != model
        },
    }


def versus(model: Figures, floors: Mapping[str, Figures]) -> dict[str, Any]:
    """
    Return, by headline, how a model stands to the best floor, on the same resamplings.

    ``difference`` is model - floor; ``gain``, of figures that are better small, 1 - model / floor.
    """
    found = {}
    for figure in HEADLINES:
        best = _best(figure, floors)
        value = model.pooled.get(figure.name, np.nan)
        if best is None or not np.isfinite(value):
            continue
        ours, theirs = (made.replicates[figure.name] for made in (model, floors[best]))
        low, high = interval(ours - theirs)
        stands: dict[str, Any] = {
            'floor': best,
            'difference': value - floors[best].pooled[figure.name],
            'interval': (low, high),
            'verdict': _verdict(figure, low, high),
        }
        if figure.better < 0 and floors[best].pooled[figure.name] > 0:
            stands['gain'] = 1 - value / floors[best].pooled[figure.name]
            with np.errstate(divide='ignore', invalid='ignore'):
                stands['gain_interval'] = interval(1 - ours / theirs)
        found[figure.name] = stands
    return found


def best_floor(contestants: Iterable[Contestant], made: Mapping[str, Figures]) -> str | None:
    """Return the classical method of depth alone that ranks first, None without any."""
    depth_only = [one.name for one in contestants if not (one.is_model or one.guided)]
    order = ranks({name: made[name] for name in depth_only if name in made})
    return min(order, key=lambda name: order[name], default=None)


def ranks(made: Mapping[str, Figures]) -> dict[str, int]:
    """Return the place of each method by ``RANKED_BY``, from 1; what lacks the figure is last."""
    values = {name: one.pooled.get(RANKED_BY, np.nan) for name, one in made.items()}
    order = sorted(values, key=lambda name: np.nan_to_num(values[name], nan=np.inf))
    return {name: place for place, name in enumerate(order, start=1)}


def latency_summary(latencies_ms: Sequence[float]) -> dict[str, float]:
    """Return ``median`` and ``p95`` of the time that frames took [ms]; nothing without any."""
    if not len(latencies_ms):
        return {}
    median, p95 = np.percentile(latencies_ms, (50, 95))
    return {'median': float(median), 'p95': float(p95)}


def _best(figure: Figure, floors: Mapping[str, Figures]) -> str | None:
    values = {n: made.pooled.get(figure.name, np.nan) for n, made in floors.items()}
    defined = {name: value for name, value in values.items() if np.isfinite(value)}
    return max(defined, key=lambda name: figure.better * defined[name]) if defined else None


def _verdict(figure: Figure, low: float, high: float) -> str:
    """Return ``better`` or ``worse`` where the whole interval is; ``even`` else."""
    if not (low > 0 or high < 0):
        return 'even'
    return 'better' if low * figure.better > 0 else 'worse'
