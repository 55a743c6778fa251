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
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cdst_ros.environment import cpu
from cdst_ros.evaluation.degrade import DEGRADATIONS
from cdst_ros.nodes.children import Children, Event
from cdst_ros.nodes.transport import profile_environment
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
#: So long without a word from any process means that something hangs [s].
_PATIENCE_S = 60.0
_DEFAULT_RMW = 'rmw_fastrtps_cpp'


class DemoError(RuntimeError):
    """The demo could not be run to its end; the message says which part failed, and why."""


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


#: Told what is being done, how far it is, and where it ends.
Progress = Callable[[str, int, int], None]


def run_demo(demo: Demo, environ: Mapping[str, str], progress: Progress) -> dict[str, Any]:
    """
    Run the demo to its end and return what it measured, as JSON values.

    :param environ: of this process; what the user has set there is kept
    :raises ModelError: when the model cannot be used
    :raises ValueError: when the source cannot be played
    :raises DemoError: when a process fails or hangs
    """
    _check_ros()
    scale, guided = _scale(demo)
    degrade = _degrade(demo, scale)
    child_environ, shared = demo_environment(environ)
    namespace = f'/demo_{os.getpid()}'
    with Children(child_environ) as children:
        for name, parameters in _parameters(demo, scale, guided, degrade).items():
            children.start(name, node_command(name, namespace, parameters))
        watch = _Watch(children, demo.frames, progress)
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


def demo_environment(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """
    Return the variables of the demo's processes, and what to tell of them.

    They keep to this machine, to a domain of their own, and to the transport profile for large
    images, each unless the user has chosen otherwise.
    """
    rmw = environ.get('RMW_IMPLEMENTATION', _DEFAULT_RMW)
    added = profile_environment(environ, rmw)
    profile = Path(next(iter(added.values()))).name if added else "the user's own, or none"
    added['ROS_DOMAIN_ID'] = str(1 + os.getpid() % 100)
    added['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    if environ.get('ROS_DISTRO') == 'humble':
        added['ROS_LOCALHOST_ONLY'] = '1'  # what later distributions replaced by the range
    added['RCUTILS_COLORIZED_OUTPUT'] = '0'
    variables = {**added, **environ}
    told = {'rmw': rmw, 'transport_profile': profile, 'domain_id': variables['ROS_DOMAIN_ID']}
    return variables, told


def _check_ros() -> None:
    if find_spec('rclpy') is None:
        raise DemoError(
            'this Python has no rclpy: source a ROS 2 installation, or install its wheels by '
            'pip install -e ".[ros]" in the checkout'
        )


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


def node_command(name: str, namespace: str, parameters: Mapping[str, object]) -> list[str]:
    """Return the command line of a node."""
    command = [sys.executable, '-m', f'cdst_ros.nodes.{name}_node', '--ros-args']
    command += ['-r', f'__ns:={namespace}']
    for key, value in parameters.items():
        command += ['-p', f'{key}:={_yaml(value)}']
    return command


def _yaml(value: object) -> str:
    """Return a value as the YAML that rcl reads: quoted text, so that it stays text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


class _Watch:
    """Follows what the processes tell until the report is there."""

    def __init__(self, children: Children, frames: int, progress: Progress) -> None:
        self._children = children
        self._frames = frames
        self._progress = progress
        self._report: dict[str, Any] | None = None
        self.published = 0
        self.late = 0

    def until_reported(self) -> dict[str, Any]:
        """Return the evaluator's report."""
        while True:
            event = self._children.wait(_PATIENCE_S)
            if event is None:
                raise DemoError(self._explain_silence())
            if event.name == 'exited':
                self._check_exit(event)
                if event.child == 'evaluator' and self._report is not None:
                    return self._report
            else:
                self._take(event)

    def _take(self, event: Event) -> None:
        if event.name == 'prepared':
            self._progress('preparing frames', event.values['done'], event.values['total'])
        elif event.name == 'heard':
            self._progress('running', event.values['frames_out'], self._frames)
        elif event.name == 'played':
            self.published, self.late = event.values['published'], event.values['late']
            self._progress('scoring', 0, 0)
        elif event.name == 'report':
            self._report = event.values

    def _check_exit(self, event: Event) -> None:
        """Only the camera may end before the report, and only once it has played everything."""
        code = event.values['code']
        expected = code == 0 and (
            (event.child == 'camera' and self.published > 0)
            or (event.child == 'evaluator' and self._report is not None)
        )
        if not expected:
            raise DemoError(
                f'the {event.child} node ended early (exit code {code}). It said last:\n'
                f'{self._children.log(event.child) or "nothing"}'
            )

    def _explain_silence(self) -> str:
        said = '\n'.join(
            f'{name}:\n{self._children.log(name, 5) or "nothing"}'
            for name in self._children.pids()
        )
        return f'nothing has happened for {_PATIENCE_S:.0f} s. The nodes said last:\n{said}'


def _machine() -> str:
    """Return the processor of this machine."""
    file = Path('/proc/cpuinfo')
    text = file.read_text() if file.exists() else ''
    return cpu(text, len(os.sched_getaffinity(0))).value
