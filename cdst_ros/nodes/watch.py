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
"""Several nodes as processes of their own, followed until the evaluator reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cdst_ros.nodes.children import Children, Event
from cdst_ros.nodes.transport import profile_environment

#: Told what is being done, how far it is, and where it ends.
Progress = Callable[[str, int, int], None]

#: So long without a word from any process means that something hangs [s].
_PATIENCE_S = 60.0
_DEFAULT_RMW = 'rmw_fastrtps_cpp'


class RunError(RuntimeError):
    """A run that did not come to its end; the message says which part failed, and why."""


def run_environment(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """
    Return the variables of the processes of a run, and what to tell of them.

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


def check_ros() -> None:
    """
    Check that there is a ROS to run nodes with.

    :raises RunError: says how to get one
    """
    if find_spec('rclpy') is None:
        raise RunError(
            'this Python has no rclpy: source a ROS 2 installation, or install its wheels by '
            'pip install -e ".[ros]" in the checkout'
        )


def node_command(
    name: str,
    namespace: str,
    parameters: Mapping[str, object],
    remappings: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the command line of a node; ``remappings`` give its topics other names."""
    command = [sys.executable, '-m', f'cdst_ros.nodes.{name}_node', '--ros-args']
    command += ['-r', f'__ns:={namespace}']
    for ours, theirs in (remappings or {}).items():
        command += ['-r', f'{ours}:={theirs}']
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


class Watch:
    """Follows what the processes tell until the report is there."""

    def __init__(self, children: Children, frames: int, progress: Progress) -> None:
        self._children = children
        self._frames = frames
        self._progress = progress
        self._report: dict[str, Any] | None = None
        self.published = 0
        self.late = 0
        self.missed = 0

    def until_reported(self) -> dict[str, Any]:
        """Return the evaluator's report."""
        while True:
            event = self._children.wait(_PATIENCE_S)
            if event is None:
                raise RunError(self._explain_silence())
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
            self.missed = event.values['missed']
            self._progress('scoring', 0, 0)
        elif event.name == 'scored':
            self._progress('scoring', event.values['done'], event.values['total'])
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
            raise RunError(
                f'the {event.child} node ended early (exit code {code}). It said last:\n'
                f'{self._children.log(event.child) or "nothing"}'
            )

    def _explain_silence(self) -> str:
        said = '\n'.join(
            f'{name}:\n{self._children.log(name, 5) or "nothing"}'
            for name in self._children.pids()
        )
        return f'nothing has happened for {_PATIENCE_S:.0f} s. The nodes said last:\n{said}'
