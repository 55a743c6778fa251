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
"""Networks and frames that the tests share."""

import torch

from cdst_ros.models.base import LocalNetwork
from cdst_ros.models.registry import build

NOISE = (0.002, 0.001, 0.0005)

_LITE = {'network': 'lite', 'width': 8, 'depth': 2}
_DBPN = {'network': 'dbpn', 'width': 4, 'features': 6, 'blocks': 2}
#: Kinds of networks that differ in more than their size.
VARIANTS = {
    'residual': _LITE,
    'selecting': {**_LITE, 'head': 'selecting'},
    'selecting and residual': {
        **_LITE,
        'head': 'selecting',
        'head_options': {'residual': True},
    },
    'surfaces': {**_LITE, 'head': 'surfaces'},
    'inverse depth': {**_LITE, 'domain': 'inverse_depth'},
    'inverse and selecting': {**_LITE, 'head': 'selecting', 'domain': 'inverse_depth'},
    'branched blocks': {**_LITE, 'branched': True, 'blocks': 2},
    'hidden layer': {**_LITE, 'head': 'selecting', 'hidden': 12},
    'dbpn': _DBPN,
    'dbpn, selecting': {**_DBPN, 'dense': False, 'head': 'selecting'},
    'dbpn, inverse depth': {**_DBPN, 'domain': 'inverse_depth'},
}


def new_network(scale: int = 4, noise=NOISE, seed: int = 0, **options) -> LocalNetwork:
    """A small network as it begins."""
    torch.manual_seed(seed)
    return build(**{'scale': scale, 'noise': noise, **options}).eval()


def random_network(scale: int = 4, noise=NOISE, seed: int = 0, **options) -> LocalNetwork:
    """A small network whose heads do something, as an untrained one's do not."""
    network = new_network(scale, noise, seed, **options)
    for part in (network.head, network.spread):
        for name, weights in part.named_parameters():
            if name.endswith('weight'):
                torch.nn.init.normal_(weights, std=0.3)
    return network


def reach(network: str, depth: int = 0, blocks: int = 0, **_) -> int:
    """Return how many input pixels away the last pixel lies that an input pixel changes."""
    # 1 of the window and 1 of the context.
    if network == 'lite':
        return 2 + depth + 2 * blocks
    # 3 of each unit, and 1 of the heads.
    return 2 + 3 * (2 * blocks - 1) + 1


def random_frame(height: int, width: int, share: float = 1.0, seed: int = 0):
    """Return depth [m] with steps and ramps, and a mask of which ``share`` is valid."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randint(0, 3, (1, 1, height, width), generator=generator)
    depth = 1.0 + steps + 0.1 * torch.rand(1, 1, height, width, generator=generator)
    valid = (torch.rand(1, 1, height, width, generator=generator) < share).float()
    return depth, valid
