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
"""Large images over DDS: the transport profile that carries them, and who needs to be told."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from cdst_ros.environment import UNKNOWN_DISTRO, distro_of

#: Default DDS set-ups begin to lose images of about this size [bytes] (640x480 in 16UC1).
LOSSY_BYTES = 500_000

_FAST_DDS_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
#: Distributions that read the second of the names; those after them read the first.
_OLD_NAMES = ('humble', 'iron', 'jazzy')
_CYCLONE_VARIABLE = 'CYCLONEDDS_URI'


def profile(rmw: str) -> Path | None:
    """Return the profile shipped for this middleware (``rmw_fastrtps_cpp``, ...), if any."""
    name = 'fastdds.xml' if 'fastrtps' in rmw else 'cyclonedds.xml' if 'cyclone' in rmw else None
    return None if name is None else Path(str(files('cdst_ros') / 'config' / name))


def profile_environment(environ: Mapping[str, str], rmw: str) -> dict[str, str]:
    """
    Return the variables to add for a process that publishes large images.

    :param environ: what it inherits; where the user has chosen a profile, nothing is added
    :param rmw: as ``rclpy.get_rmw_implementation_identifier()`` says
    """
    variables = _profile_variables(rmw)
    if any(name in environ for name in variables):
        return {}
    unread = _unread(environ.get('ROS_DISTRO') or distro_of(_wheels_version()))
    return {name: value for name, value in variables.items() if name != unread}


def _profile_variables(rmw: str) -> dict[str, str]:
    """Return every variable that some distribution reads the profile's place from."""
    path = profile(rmw)
    if path is None:
        return {}
    if 'cyclone' in rmw:
        return {_CYCLONE_VARIABLE: f'file://{path}'}
    return dict.fromkeys(_FAST_DDS_VARIABLES, str(path))


def _unread(distro: str) -> str | None:
    """Return the variable that a distribution does not read, or complains of, where known."""
    if distro == UNKNOWN_DISTRO:
        return None
    new, old = _FAST_DDS_VARIABLES
    return new if distro in _OLD_NAMES else old


def _wheels_version() -> str:
    try:
        return metadata.version('ros-rclpy')
    except metadata.PackageNotFoundError:
        return ''


def advice(size: int | None, rmw: str) -> str:
    """
    Return what to do when a publisher is matched and its images do not arrive.

    :param size: bytes of one image, None if unknown
    """
    if size is not None and size < LOSSY_BYTES:
        return (
            f'Is it paused? Its images are small ({size / 1e3:.0f} kB): if it is not, look at the '
            'network between the machines'
        )
    sized = 'Its images' if size is None else f'Its images of {size / 1e6:.1f} MB'
    variables = profile_environment({}, rmw)
    lost = f'Is it paused? {sized} may also be lost on the way, as default DDS settings do from '
    if not variables:
        return f'{lost}about {LOSSY_BYTES / 1e6:.1f} MB on: look at the buffers of {rmw}'
    return (
        f'{lost}about {LOSSY_BYTES / 1e6:.1f} MB on: start the publisher with the variable '
        f'{" or ".join(variables)} set to {next(iter(variables.values()))}'
    )
