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
"""Networks by name; a new one is one class and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cdst_ros.models.base import LocalNetwork
from cdst_ros.models.dbpn import DBPN
from cdst_ros.models.guided import GuidedSR
from cdst_ros.models.lite import LiteSR

_Network = TypeVar('_Network', bound=LocalNetwork | GuidedSR)

#: Each takes ``scale``, ``noise`` and options of its own, and maps (depth, valid) to
#: (depth_hr, sigma_hr, valid_hr).
NETWORKS: dict[str, Callable[..., LocalNetwork]] = {'dbpn': DBPN, 'lite': LiteSR}
#: Maps (depth, valid, rgb) to those; its option ``alone`` is one of ``NETWORKS`` with its options.
GUIDED = 'guided'


def build(
    network: str, scale: int, noise: tuple[float, float, float], **options: Any
) -> LocalNetwork | GuidedSR:
    """
    Return a new network.

    :param network: a name of ``NETWORKS``, or ``guided``
    :param scale: output pixels per input pixel, each way
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    :param options: what this network knows beyond that, such as ``width``
    :raises ValueError: for an unknown name, option or value
    """
    if network == GUIDED:
        alone = _alone(options.pop('alone', {}), scale, noise)
        return _made(network, GuidedSR, alone=alone, **options)
    if network not in NETWORKS:
        known = ', '.join(sorted([*NETWORKS, GUIDED]))
        raise ValueError(f'no network {network!r}; there are: {known}')
    return _made(network, NETWORKS[network], scale=scale, noise=noise, **options)


def _alone(
    options: Mapping[str, Any], scale: int, noise: tuple[float, float, float]
) -> LocalNetwork:
    """Return the branch of depth alone of a guided network."""
    if not isinstance(options, Mapping) or options.get('network', 'lite') == GUIDED:
        raise ValueError(
            f'alone is a network of depth alone with its options, such as {{network: lite, '
            f'width: 32}}, got {options!r}'
        )
    found = build(
        **{'network': 'lite', 'head': 'selecting', **options, 'scale': scale, 'noise': noise}
    )
    assert isinstance(found, LocalNetwork)
    return found


def _made(name: str, network: Callable[..., _Network], **options: Any) -> _Network:
    try:
        return network(**options)
    except TypeError as error:
        raise ValueError(f'network {name!r} does not take these options: {error}') from None
