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
"""The parameters of the training desk."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from cdst_ros.learning.background import PRIORITIES
from cdst_ros.nodes.declared import DeclaredParameters, parameter
from cdst_ros.synthetic import lasting_name


@dataclass(frozen=True)
class DeskParameters(DeclaredParameters):
    """One consistent set of values; a field for each ROS parameter."""

    learning: str = parameter(
        '~/cdst_ros/learning',
        'Folder of trainings (jobs), of models brought from elsewhere (offers), and of those that '
        'were accepted (accepted).',
    )
    superres: str = parameter(
        'superres',
        'The superres node whose model is improved, in this namespace, or with its own.',
    )
    base_model: str = parameter(
        '', 'Model to start from, shipped or an ONNX file; empty: the one that superres runs.'
    )
    auto_accept: str = parameter(
        'never',
        'Whether an offer is taken without ~/accept: never, or where it was found better on '
        'frames that it has not learned from.',
        choices=('never', 'better'),
    )
    config: str = parameter(
        'adapt', 'Training configuration, shipped or a YAML file, as cdst-ros train takes it.'
    )
    steps: int = parameter(1500, 'Steps of training.', between=(1, 10**7))
    train_threads: int = parameter(1, 'Threads that training may use.', between=(1, 1024))
    priority: str = parameter(
        'idle',
        'Share of the processor that training gets: '
        + '; '.join(f'{name}, {what}' for name, what in PRIORITIES.items())
        + '.',
        choices=tuple(PRIORITIES),
    )
    held_out: float = parameter(
        0.2,
        'Share of the frames, the last ones, that a model is judged on and does not learn from.',
        between=(0.05, 0.9),
    )
    gap: float = parameter(
        2.0, 'Time left out between the two parts of the recording [s].', between=(0.0, 3600.0)
    )
    judge_frames: int = parameter(
        60, 'Frames that a model is judged on, at most.', between=(1, 100000)
    )
    sensor: str = parameter(
        '',
        'Sensor profile, a name or a YAML file, that tells of the depth camera what the recording '
        'does not; empty: the one that the base model is for.',
    )
    python: str = parameter(
        '',
        'Interpreter of an environment with cdst_ros and torch, to train with; empty: the one of '
        'this node.',
    )

    @property
    def folder(self) -> Path:
        """Folder of all that is learned."""
        return Path(self.learning).expanduser()

    @property
    def interpreter(self) -> str:
        """What trains."""
        return str(Path(self.python).expanduser()) if self.python else sys.executable

    def check(self) -> None:
        """
        Check what ranges cannot say.

        :raises ValueError: names the parameter, its value, and what it may be
        """
        super().check()
        if not self.learning:
            raise ValueError('learning is empty: give the folder to learn in')
        if not self.superres:
            raise ValueError('superres is empty: give the name of the superres node')
        try:
            lasting_name(self.sensor)
        except ValueError as error:
            raise ValueError(f'sensor: {error}') from error
