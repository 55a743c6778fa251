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
"""``cdst-ros info``: what this machine has, and what to do about what is missing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated

import typer

from cdst_ros import __version__
from cdst_ros.environment import (
    GPU_DEVICES,
    Finding,
    Status,
    cpu,
    gpu,
    library,
    network,
    ros,
    tensorrt,
    transport,
    verdict,
)

_TRAINING = 'to train, pip install -e ".[train]" in the checkout'
_REPORTS = 'to write reports as HTML, pip install -e ".[report]" in the checkout'

_OPTIONAL = {
    'Jinja2': _REPORTS,
    'matplotlib': _REPORTS,
    'rosbags': 'to read and write bags, pip install rosbags',
    'torch': _TRAINING,
    'lightning': _TRAINING,
    'onnx': _TRAINING,
}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('info')(info)


def info(
    json_file: Annotated[
        Path | None,
        typer.Option('--json', metavar='FILE', help='Write the findings here as well.'),
    ] = None,
) -> None:
    """
    Say which ROS, engines, GPU and models this machine has, and what to do about the rest.

    Ends with exit code 1 when something is wrong, such as ROS from two places at once.

    Example: `cdst-ros info --json info.json`
    """
    findings = list(collect())
    show(findings)
    if json_file is not None:
        write(json_file, findings)
    raise typer.Exit(0 if verdict(findings) else 1)


def collect() -> Iterator[Finding]:
    """Look at this machine and at the environment of this process."""
    yield from _machine()
    yield from _ros()
    libraries = list(_libraries())
    yield from libraries
    if verdict(libraries):  # engines and models cannot even be looked at without
        yield from _engines()
        yield from _models()


def show(findings: list[Finding]) -> None:
    """Print findings under their topics, remedies below what they mend."""
    from rich.console import Console
    from rich.markup import escape

    marks = {Status.OK: '[green]ok[/]', Status.ABSENT: '[dim]--[/]', Status.WRONG: '[red]no[/]'}
    console = Console(highlight=False, soft_wrap=True)
    topic = ''
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            console.print(f'[bold]{escape(topic)}[/]')
        console.print(f'  {marks[finding.status]} {finding.name}: {escape(finding.value)}')
        if finding.remedy:
            console.print(f'     [yellow]to do:[/] {escape(finding.remedy)}')


def write(path: Path, findings: list[Finding]) -> None:
    """Write findings as JSON, with the verdict and this package's version."""
    content = {
        'version': __version__,
        'ok': verdict(findings),
        'findings': [asdict(finding) for finding in findings],
    }
    path.write_text(json.dumps(content, indent=2) + '\n')


def _machine() -> Iterator[Finding]:
    yield library('Machine', 'Python', platform.python_version(), '3.10')
    yield Finding('Machine', 'executable', sys.executable)
    yield Finding('Machine', 'system', platform.platform())
    yield cpu(_text_of('/proc/cpuinfo'), len(os.sched_getaffinity(0)))
    found = gpu(_nvidia_smi(), any(Path(device).exists() for device in GPU_DEVICES))
    yield found
    versions = (_installed_version(f'tensorrt{suffix}') for suffix in ('', '-cu12', '-cu13'))
    yield tensorrt(next(filter(None, versions), None), found.status is Status.OK)


def _nvidia_smi() -> str | None:
    """Return each GPU's name and driver version, None where the program does not say."""
    command = ['nvidia-smi', '--query-gpu=name,driver_version', '--format=csv,noheader']
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _ros() -> Iterator[Finding]:
    from cdst_ros.nodes.transport import profile_environment

    yield ros(os.environ, _installed_version('ros-rclpy'), sys.prefix, sys.version_info[:2])
    yield from network(os.environ)
    rmw = os.environ.get('RMW_IMPLEMENTATION', '') or 'rmw_fastrtps_cpp'
    yield transport(profile_environment(os.environ, rmw))


def _libraries() -> Iterator[Finding]:
    yield _imported('numpy', 'NumPy', '1.21')
    yield _imported('cv2', 'OpenCV', '4.5')
    for name, remedy in _OPTIONAL.items():
        version = _installed_version(name)
        if version:
            yield Finding('Libraries', name, version)
        else:
            yield Finding('Libraries', name, 'not installed', Status.ABSENT, remedy)


def _imported(module: str, name: str, floor: str) -> Finding:
    """Import what everything needs: a build for another NumPy shows only then."""
    try:
        version = str(import_module(module).__version__)
    except Exception as error:  # whatever a broken library raises is what we are to report
        value = f'cannot be imported: {type(error).__name__}: {error}'
        remedy = (
            f'install {name}; if it is installed, it is built for another NumPy than the one '
            'here: give pip -c constraints/robot.txt, which keeps the NumPy of the system'
        )
        return Finding('Libraries', name, value, Status.WRONG, remedy)
    return library('Libraries', name, version, floor)


def _engines() -> Iterator[Finding]:
    from cdst_ros.superres.engine import EngineError
    from cdst_ros.superres.engines import choose_engine, describe_engines

    for engine in describe_engines():
        if engine.available:
            yield Finding('Engines', engine.name, f'{engine.version}: {engine.reason}')
        else:
            yield Finding('Engines', engine.name, 'none', Status.ABSENT, engine.reason)
    try:
        name, reason = choose_engine()
    except EngineError as error:
        yield Finding('Engines', 'auto', 'none', Status.WRONG, str(error))
    else:
        yield Finding('Engines', 'auto', f'{name}: {reason}')


def _models() -> Iterator[Finding]:
    from cdst_ros.superres.contract import read_metadata
    from cdst_ros.superres.engine import ModelError
    from cdst_ros.superres.store import shipped_models

    again = 'install cdst_ros again'
    models = shipped_models()
    if not models:
        yield Finding('Models', 'shipped', 'none', Status.WRONG, again)
    for name, path in models.items():
        try:
            model = read_metadata(path)
        except ModelError as error:
            yield Finding('Models', name, str(error), Status.WRONG, again)
            continue
        near, far = model.range_m
        value = f'x{model.scale}, profile {model.profile}, trained on {near:g} to {far:g} m'
        value += ', sees colour as well' if model.guided else ''
        yield Finding('Models', name, value)


def _installed_version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _text_of(path: str) -> str:
    """Return a file's text, empty where there is none."""
    try:
        return Path(path).read_text(errors='replace')
    except OSError:
        return ''
