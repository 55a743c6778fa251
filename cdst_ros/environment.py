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
What this machine has, and what to do about what is missing or mixed.

Knows no library: every function takes what it judges (variables, texts, versions) as an argument,
so that a test needs no special machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

#: Distributions by the first number of rclpy's version, for wheels carry no name.
_DISTROS = {'3': 'humble', '7': 'jazzy', '9': 'kilted'}
UNKNOWN_DISTRO = 'unknown distribution'

#: Where an ament prefix registers rclpy.
_RCLPY_MARKER = Path('share/ament_index/resource_index/packages/rclpy')

#: Words of /proc/cpuinfo that decide which precision pays, and what people call them.
_FEATURES = {
    'avx2': 'AVX2',
    'avx512f': 'AVX-512',
    'avx_vnni': 'VNNI',
    'avx512_vnni': 'VNNI',
    'amx_tile': 'AMX',
    'asimd': 'NEON',
    'asimdhp': 'FP16',
    'asimddp': 'dot product',
}

#: Words of x86 processors that multiply 8-bit integers and add them up in one step. (Arm has such
#: too, asimddp and i8mm, but there nothing was measured.)
_INTEGER_WORDS = frozenset({'avx_vnni', 'avx512_vnni', 'amx_int8'})

#: Where the kernel driver of a desktop GPU, of WSL and of a Jetson put their devices.
GPU_DEVICES = ('/dev/nvidia0', '/dev/dxg', '/dev/nvhost-gpu', '/dev/nvgpu/igpu0/ctrl')

#: How TensorRT comes onto a machine with a GPU.
TENSORRT_REMEDY = (
    'on a Jetson (JetPack 6 or newer), make the environment with --system-site-packages to see '
    'that of JetPack; elsewhere install the tensorrt package that fits the driver; see '
    'docs/engines.md'
)

_PIP_ROS = 'pip install -e ".[ros]" in the checkout'


class Status(str, Enum):
    """How a finding is to be taken."""

    OK = 'ok'
    ABSENT = 'absent'
    WRONG = 'wrong'


@dataclass(frozen=True)
class Finding:
    """
    One thing that was looked at.

    :param topic: heading that it belongs under, such as ``ROS 2``
    :param name: what was looked at
    :param value: what was found
    :param status: absent things are fine to be without; wrong ones keep something from working
    :param remedy: what to do about it, empty where there is nothing to do
    """

    topic: str
    name: str
    value: str
    status: Status = Status.OK
    remedy: str = ''


def version_tuple(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, at most three: ``4.5.4-dev`` is (4, 5, 4)."""
    match = re.match(r'\d+(\.\d+){0,2}', version)
    return tuple(int(part) for part in match.group().split('.')) if match else ()


def library(topic: str, name: str, version: str, floor: str) -> Finding:
    """Judge the version of a library that is there."""
    if version_tuple(version) >= version_tuple(floor):
        return Finding(topic, name, version)
    remedy = f'install {name} {floor} or newer; where apt has none, pip has, in an environment'
    return Finding(topic, name, f'{version}, older than {floor}', Status.WRONG, remedy)


def cpu_words(cpuinfo: str) -> set[str]:
    """
    Return what a processor says that it can, such as ``avx512_vnni`` or ``asimddp``.

    :param cpuinfo: text of /proc/cpuinfo: ``flags`` on x86, ``Features`` on Arm
    """
    flags = re.search(r'^(?:flags|Features)\s*:\s*(.+)$', cpuinfo, re.MULTILINE)
    return set(flags.group(1).split()) if flags else set()


def integers_pay(words: set[str]) -> bool:
    """Return whether 8-bit integers are faster than float32 on a CPU that says these words."""
    return bool(words & _INTEGER_WORDS)


def cpu(cpuinfo: str, cores: int) -> Finding:
    """
    Name the processor and the instructions that matter to an engine.

    :param cpuinfo: text of /proc/cpuinfo, empty where there is none
    :param cores: that this process may use
    """
    model = re.search(r'^(?:model name|Model)\s*:\s*(.+)$', cpuinfo, re.MULTILINE)
    words = cpu_words(cpuinfo)
    features = dict.fromkeys(label for word, label in _FEATURES.items() if word in words)
    name = model.group(1).strip() if model else 'unknown model'
    return Finding('Machine', 'CPU', ', '.join([name, f'{cores} cores', *features]))


def gpu(nvidia_smi: str | None, device_files: bool) -> Finding:
    """
    Say which NVIDIA GPU there is, without loading its driver into this process.

    :param nvidia_smi: lines of name and driver version, None where the program is missing or fails
    :param device_files: whether the kernel driver made its device files
    """
    if nvidia_smi:
        return Finding('Machine', 'GPU', '; '.join(nvidia_smi.strip().splitlines()))
    if device_files:
        remedy = 'run nvidia-smi: what it prints says why; often a reboot after a driver update'
        return Finding('Machine', 'GPU', 'NVIDIA, not answering', Status.ABSENT, remedy)
    return Finding('Machine', 'GPU', 'none; engines run on the CPU', Status.ABSENT)


def tensorrt(version: str | None, has_gpu: bool) -> Finding:
    """Say whether TensorRT can be used: it needs a GPU as well."""
    if version and has_gpu:
        return Finding('Machine', 'TensorRT', version)
    if version:
        return Finding('Machine', 'TensorRT', f'{version}, but no GPU', Status.ABSENT)
    if not has_gpu:
        return Finding('Machine', 'TensorRT', 'not installed; needs an NVIDIA GPU', Status.ABSENT)
    return Finding('Machine', 'TensorRT', 'not installed', Status.ABSENT, TENSORRT_REMEDY)


def distro_of(rclpy_version: str) -> str:
    """Return the distribution that a version of rclpy belongs to, such as ``jazzy``."""
    return _DISTROS.get(rclpy_version.split('.', maxsplit=1)[0], UNKNOWN_DISTRO)


def sourced_rclpy(environ: Mapping[str, str], own_prefix: str) -> Path | None:
    """
    Return the sourced prefix that provides rclpy, if any.

    :param own_prefix: of this Python (``sys.prefix``), where wheels live: not a sourced one
    """
    for entry in environ.get('AMENT_PREFIX_PATH', '').split(':'):
        prefix = Path(entry)
        if entry and prefix != Path(own_prefix) and (prefix / _RCLPY_MARKER).exists():
            return prefix
    return None


def ros(
    environ: Mapping[str, str], wheels: str | None, own_prefix: str, python: tuple[int, int]
) -> Finding:
    """
    Say where ROS 2 comes from; two of them in one process are refused.

    :param environ: variables of this process
    :param wheels: version of rclpy's wheels in this Python, None where there are none
    :param own_prefix: of this Python (``sys.prefix``)
    :param python: version of this Python
    """
    sourced = sourced_rclpy(environ, own_prefix)
    distro = environ.get('ROS_DISTRO', 'unknown distribution')
    if sourced and wheels:
        return _mixed(f'{distro} sourced from {sourced}', f'wheels of rclpy {wheels}')
    if sourced:
        return _installed(f'{distro} in {sourced}', _pythons_of(sourced), python)
    if wheels:
        return Finding('ROS 2', 'installation', f'{distro_of(wheels)} wheels, rclpy {wheels}')
    return Finding(
        'ROS 2',
        'installation',
        'none; nodes cannot run',
        Status.ABSENT,
        f'source setup.bash of an installed ROS 2; on a machine without one, {_PIP_ROS}',
    )


def _mixed(sourced: str, wheels: str) -> Finding:
    return Finding(
        'ROS 2',
        'installation',
        f'mixed: {sourced}, and {wheels} in this Python',
        Status.WRONG,
        'use one of them: for the wheels, a shell in which no setup.bash was sourced; for the '
        'installed ROS, an environment made with --system-site-packages and without the extra '
        '"ros"',
    )


def _installed(where: str, pythons: list[tuple[int, int]], python: tuple[int, int]) -> Finding:
    if not pythons or python in pythons:
        return Finding('ROS 2', 'installation', where)
    built = ' or '.join(f'{major}.{minor}' for major, minor in pythons)
    value = f'{where} is for Python {built}, and this is {python[0]}.{python[1]}'
    remedy = f'make the environment with Python {built}, --system-site-packages, and build again'
    return Finding('ROS 2', 'installation', value, Status.WRONG, remedy)


def _pythons_of(prefix: Path) -> list[tuple[int, int]]:
    """Return the versions of Python that a prefix has rclpy for."""
    found = (
        re.fullmatch(r'python(\d+)\.(\d+)', folder.parents[1].name)
        for pattern in ('lib', 'local/lib')
        for folder in prefix.glob(f'{pattern}/python3.*/*-packages/rclpy')
    )
    return sorted({(int(match[1]), int(match[2])) for match in found if match})


def network(environ: Mapping[str, str]) -> list[Finding]:
    """Say which middleware, domain and reach the nodes of this shell have."""
    rmw = environ.get('RMW_IMPLEMENTATION', '') or 'the default, rmw_fastrtps_cpp'
    reach = environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '') or 'SUBNET'
    if environ.get('ROS_LOCALHOST_ONLY') == '1':
        reach = 'LOCALHOST'
    domain = environ.get('ROS_DOMAIN_ID', '') or '0'
    return [
        Finding('ROS 2', 'middleware', rmw),
        Finding('ROS 2', 'domain', f'{domain}, discovery range {reach}'),
    ]


def transport(advised: Mapping[str, str]) -> Finding:
    """
    Say whether large images will arrive.

    :param advised: variables that select the shipped profile, empty where the user has chosen
        another or the middleware needs none
    """
    if not advised:
        return Finding('ROS 2', 'transport profile', 'chosen by you, or not needed')
    lines = ' '.join(f'{name}={value}' for name, value in advised.items())
    return Finding(
        'ROS 2',
        'transport profile',
        'not set: default DDS loses images from about 0.5 MB on',
        Status.ABSENT,
        f'demo and launch files set it by themselves; for your own camera: export {lines}',
    )


def verdict(findings: Iterable[Finding]) -> bool:
    """Return whether nothing is wrong."""
    return all(finding.status is not Status.WRONG for finding in findings)
