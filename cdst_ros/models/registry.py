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

from collections.abc import Callable
from typing import Any

from cdst_ros.models.base import LocalNetwork
from cdst_ros.models.dbpn import DBPN
from cdst_ros.models.lite import LiteSR

#: Each takes ``scale``, ``noise`` and options of its own, and maps (depth, valid) to
#: (depth_hr, sigma_hr, valid_hr).
NETWORKS: dict[str, Callable[..., LocalNetwork]] = {'dbpn': DBPN, 'lite': LiteSR}


def build(
    network: str, scale: int, noise: tuple[float, float, float], **options: Any
) -> LocalNetwork:
    """
    Return a new network.

    :param network: a name of ``NETWORKS``
    :param scale: output pixels per input pixel, each way
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    :param options: what this network knows beyond that, such as ``width``
    :raises ValueError: for an unknown name, option or value
    """
    if network not in NETWORKS:
        raise ValueError(f'no network {network!r}; there are: {", ".join(sorted(NETWORKS))}')
    try:
        return NETWORKS[network](scale=scale, noise=noise, **options)
    except TypeError as error:
        raise ValueError(f'network {network!r} does not take these options: {error}') from None
