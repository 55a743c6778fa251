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
"""One of two processes; apart from the tests, so that it starts without what these import."""

import torch
from torch import distributed

from cdst_ros.training.losses import masked_mean, mean_of_ranks

VALUES = torch.tensor([1.0, 2.0, 3.0, 10.0])
#: The first process has one pixel that counts, the second two.
MASK = torch.tensor([1.0, 0.0, 1.0, 1.0])


def share(rank, file, out):
    """Put what one of two processes makes of its half into a queue."""
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', init_method=f'file://{file}', rank=rank, world_size=2)
    half = slice(2 * rank, 2 * rank + 2)
    values = VALUES[half].clone().requires_grad_()
    mean = masked_mean(values, MASK[half])
    mean.backward()
    nothing = masked_mean(values.detach(), torch.zeros(2))
    of_ranks = mean_of_ranks(torch.tensor(float(rank)))
    out.put((rank, mean.item(), values.grad.tolist(), nothing.item(), of_ranks.item()))
    distributed.destroy_process_group()
