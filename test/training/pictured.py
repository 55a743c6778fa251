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
"""Small trainings with colour: their configurations, their systems, and batches for them."""

import torch

from cdst_ros.training.data import Batch


def pictured(tiny, changes, **section):
    """Return the configuration of a small training on procedural scenes with colour."""
    changes = dict(changes)
    data = {
        'crop': 12,
        'batch_size': 2,
        'tiles': 1,
        'workers': 0,
        'color': True,
        'sources': [{'kind': 'procedural'}],
        **changes.pop('data', {}),
    }
    return tiny(data=data, **section, **changes)


def stirred(system, strength):
    """Return a system all parts of which have something to say."""
    # Heads begin as zero, and what is behind them would have no gradient.
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weights in system.parameters():
            weights.add_(strength * torch.randn(weights.shape, generator=generator))
    return system


def random_batch(count=4, seed=0, pictured=True):
    """Return samples of 12x12 at x2 without a scene in them; has_rgb 0 for the others."""
    generator = torch.Generator().manual_seed(seed)
    truth = 1 + torch.rand(count, 1, 24, 24, generator=generator)
    depth = torch.nn.functional.avg_pool2d(truth, 2)
    rgb = torch.rand(count, 3, 24, 24, generator=generator)
    has_rgb = torch.ones(count) * torch.as_tensor(pictured, dtype=torch.float32)
    return Batch(
        depth,
        torch.ones_like(depth),
        truth,
        torch.ones_like(truth),
        rgb * has_rgb.view(-1, 1, 1, 1),
        has_rgb,
        torch.zeros(count),
        torch.ones(count),
        torch.zeros(count),
    )
