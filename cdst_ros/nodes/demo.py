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
The demo: camera, superres and evaluator as three processes over real DDS, scored.

This module starts nodes; it is none itself, and imports no rclpy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cdst_ros.environment import cpu
from cdst_ros.evaluation.degrade import DEGRADATIONS
from cdst_ros.nodes.children import Children
from cdst_ros.nodes.watch import (
    Progress,
    Watch,
    check_ros,
    node_command,
    run_environment,
)
from cdst_ros.recordings.layout import HEADER_FILE
from cdst_ros.recordings.reader import Recording
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import CLASSICAL_ENGINES
from cdst_ros.superres.store import find_model

SYNTHETIC = 'synthetic'
#: Scale of the classical methods, where nobody asks for another.
_SCALE = 4
#: The truth of one frame in so many is published: it is as large as the output.
_TRUTH_EVERY = 10


@dataclass(frozen=True)
class Demo:
    """
    What to run.

    :param duration_s: how long frames are played [s]
    :param width: of the synthetic camera [px]
    :param height: of the synthetic camera [px]
    :param model: name or path, for engines that run a model
    :param engine: as the superres node has it
    :param precision: likewise
    :param scale: for classical engines; None for 4
    :param source: ``synthetic``, or the path of a recording or a bag
    :param degrade: as the camera node has it; None makes truth and input of recordings that have
        no reference by the valid-median of the scale
    :param seed: of the synthetic scene
    :param profile: of the synthetic sensor
    :param rate_hz: frames a second
    :param reliability: of the evaluator's subscription, ``reliable`` or ``best_effort``
    :param picture: file to draw, None for none
    """

    duration_s: float = 10.0
    width: int = 160
    height: int = 120
    model: str = 'lite_x4'
    engine: str = 'auto'
    precision: str = 'f32'
    scale: int | None = None
    source: str = SYNTHETIC
    degrade: str | None = None
    seed: int = 10
    profile: str = 'generic'
    rate_hz: float = 30.0
    reliability: str = 'reliable'
    picture: Path | None = None

    @property
    def frames(self) -> int:
        """How many frames are played."""
        return max(1, round(self.duration_s * self.rate_hz))


def run_demo(demo: Demo, environ: Mapping[str, str], progress: Progress) -> dict[str, Any]:
    """
    Run the demo to its end and return what it measured, as JSON values.

    :param environ: of this process; what the user has set there is kept
    :raises ModelError: when the model cannot be used
    :raises ValueError: when the source cannot be played
    :raises RunError: when a process fails or hangs
    """
    check_ros()
    scale, guided = _scale(demo)
    degrade = _degrade(demo, scale)
    child_environ, shared = run_environment(environ)
    namespace = f'/demo_{os.getpid()}'
    with Children(child_environ) as children:
        for name, parameters in _parameters(demo, scale, guided, degrade).items():
            children.start(name, node_command(name, namespace, parameters))
        watch = Watch(children, demo.frames, progress)
        report = watch.until_reported()
    return {
        **report,
        'late': watch.late,
        'frames_in': watch.published,
        'dropped': watch.published - report['frames_out'],
        'scale': scale,
        'source': _label(demo, 'none'),
        'degrade': degrade,
        'reliability': demo.reliability,
        **shared,
        'machine': _machine(),
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
    }


def _scale(demo: Demo) -> tuple[int, bool]:
    """Return the scale of what runs, and whether it needs colour."""
    if demo.engine in CLASSICAL_ENGINES:
        return demo.scale or _SCALE, demo.engine == 'joint_bilateral'
    metadata = read_metadata(find_model(demo.model))
    if demo.scale not in (None, metadata.scale):
        raise ValueError(
            f'{demo.model} enlarges by {metadata.scale}, not by {demo.scale}: leave the scale '
            'out, or give another model'
        )
    return metadata.scale, metadata.guided


def _degrade(demo: Demo, scale: int) -> str:
    """Return how input and truth come of the source."""
    if demo.degrade is not None:
        return demo.degrade
    if demo.source == SYNTHETIC:
        return 'none'
    path = Path(demo.source).expanduser()
    if (path / HEADER_FILE).exists() and any(frame.has('reference') for frame in Recording(path)):
        return 'none'
    name = f'valid_median_x{scale}'
    if name not in DEGRADATIONS:
        raise ValueError(
            f'{path} has no reference, and none can be made for scale {scale}: give a degradation '
            f'({", ".join(DEGRADATIONS)}) or a model of scale 2 or 4'
        )
    return name


def _parameters(
    demo: Demo, scale: int, guided: bool, degrade: str
) -> dict[str, dict[str, object]]:
    """Return the ROS parameters of each node, by its name."""
    classical = demo.engine in CLASSICAL_ENGINES
    superres: dict[str, object] = {'engine': demo.engine, 'precision': demo.precision}
    superres |= {'scale': scale} if classical else {'model': demo.model}
    return {
        'superres': superres,
        'camera': {
            'source': demo.source,
            'seed': demo.seed,
            'profile': demo.profile,
            'width': demo.width,
            'height': demo.height,
            'scale': scale,
            'degrade': degrade,
            'rate': float(demo.rate_hz),
            'frames': demo.frames,
            'truth_every': _TRUTH_EVERY,
            'publish_colour': guided,
            'wait_for_subscribers': 2,
            'events': True,
        },
        'evaluator': {
            'reliability': demo.reliability,
            'model': '' if classical else demo.model,
            'label': _label(demo, degrade),
            'picture': '' if demo.picture is None else str(demo.picture.absolute()),
            # Only what is measured may cost time here.
            'running': False,
            'events': True,
        },
    }


def _label(demo: Demo, degrade: str) -> str:
    if demo.source == SYNTHETIC:
        return f'synthetic scene {demo.seed}, {demo.profile} sensor'
    name = Path(demo.source).name
    return name if degrade == 'none' else f'{name} ({degrade})'


def _machine() -> str:
    """Return the processor of this machine."""
    file = Path('/proc/cpuinfo')
    text = file.read_text() if file.exists() else ''
    return cpu(text, len(os.sched_getaffinity(0))).value
