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

from cdst_ros.models.lite import LiteSR

NOISE = (0.002, 0.001, 0.0005)

#: Kinds of ``LiteSR`` that differ in more than their size.
VARIANTS = {
    'residual': {},
    'selecting': {'head': 'selecting'},
    'selecting and residual': {'head': 'selecting', 'head_options': {'residual': True}},
    'surfaces': {'head': 'surfaces'},
    'inverse depth': {'domain': 'inverse_depth'},
    'inverse and selecting': {'head': 'selecting', 'domain': 'inverse_depth'},
    'branched blocks': {'branched': True, 'blocks': 2},
}


def random_network(scale: int = 4, noise=NOISE, seed: int = 0, **options) -> LiteSR:
    """A small network whose heads do something, as an untrained one's do not."""
    torch.manual_seed(seed)
    network = LiteSR(scale, width=8, depth=2, noise=noise, **options)
    for part in (network.head, network.spread):
        for name, weights in part.named_parameters():
            if name.endswith('weight'):
                torch.nn.init.normal_(weights, std=0.3)
    return network.eval()


def random_frame(height: int, width: int, share: float = 1.0, seed: int = 0):
    """Return depth [m] with steps and ramps, and a mask of which ``share`` is valid."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randint(0, 3, (1, 1, height, width), generator=generator)
    depth = 1.0 + steps + 0.1 * torch.rand(1, 1, height, width, generator=generator)
    valid = (torch.rand(1, 1, height, width, generator=generator) < share).float()
    return depth, valid
