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
"""Configurations in which nothing trains depth: refused, as their losses fall all the same."""

from __future__ import annotations

from cdst_ros.training.config import ConfigError, TrainConfig
from cdst_ros.training.sources.settings import SourceConfig

_DISPARITY = ('disparity', 'middlebury')
_REMEDY = 'set loss.units (20.0 by default) or loss.sigmas (0.5), which count all depth'


def refuse_untrained(config: TrainConfig) -> None:
    """
    Refuse losses that leave the depth of some samples untrained.

    The likelihood trains sigma alone, and ``levels`` counts on samples of disparity only. Recorded
    depth without a truth (``measured``) has losses of its own, in an adaptation; and so has depth
    from colour.

    :raises ConfigError: when there are such samples; names their source, and what to set
    """
    if config.mismatched is not None:
        return
    loss, sources = config.loss, config.data.sources
    for number, source in enumerate(sources):
        if source.measured and config.adaptation is None:
            raise ConfigError(
                f'data.sources.{number} ({_said(config, source)}): measured depth has no truth, '
                'and nothing learns from it: add a section adaptation (adaptation: {}), or set '
                'measured: false'
            )
    if loss.sigmas or loss.units:
        return
    if not loss.levels and not (sources and all(source.measured for source in sources)):
        raise ConfigError(
            f'loss: nothing trains depth where sigmas, units and levels are 0: {_REMEDY}'
        )
    if not sources:
        raise ConfigError(
            'loss.levels counts on disparity alone, and without data.sources no sample is told '
            f'to be disparity, so nothing trains depth: name sources, or {_REMEDY}'
        )
    for number, source in enumerate(sources):
        if not _is_disparity(config, source):
            raise ConfigError(
                f'loss.levels counts on disparity alone, so nothing trains depth on '
                f'data.sources.{number} ({_said(config, source)}): {_REMEDY}'
            )


def _is_disparity(config: TrainConfig, source: SourceConfig) -> bool:
    """Return whether all samples of a source that have a truth are disparity."""
    if source.kind == 'procedural':
        return config.data.sensor_share == 0 and config.data.disparity_share == 1
    return source.kind in _DISPARITY or source.measured


def _said(config: TrainConfig, source: SourceConfig) -> str:
    if source.kind != 'procedural':
        return f'{source.kind} {source.path}'
    shares = (
        f'{config.data.sensor_share:g} and data.disparity_share {config.data.disparity_share:g}'
    )
    return f'procedural, with data.sensor_share {shares}; 0 and 1 make all of it disparity'
