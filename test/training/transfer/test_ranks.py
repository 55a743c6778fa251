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
"""Processes that train together."""

import pytest
import torch
from torch import multiprocessing

from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError
from cdst_ros.training.losses import masked_mean
from cdst_ros.training.train import system_of, train

from .ranks import MASK, VALUES, share


def test_means_of_masked_pixels_are_those_of_the_joint_batch(tmp_path):
    out = multiprocessing.get_context('spawn').Queue()
    processes = multiprocessing.spawn(share, (tmp_path / 'meet', out), nprocs=2, join=False)
    found = sorted(out.get(timeout=300) for _ in range(2))
    processes.join()
    joint = VALUES.clone().requires_grad_()
    mean = masked_mean(joint, MASK)
    mean.backward()
    shares, gradients, nothing, of_ranks = zip(*(each[1:] for each in found), strict=True)
    # what distributed training does: the mean of all processes
    assert sum(shares) / 2 == pytest.approx(mean.item())
    assert [g / 2 for half in gradients for g in half] == pytest.approx(joint.grad.tolist())
    assert nothing == (0, 0)
    assert of_ranks == (0.5, 0.5)


def test_two_processes_learn_what_one_does_with_the_joint_batch(joint):
    runs = []
    for name, more in (('one', {}), ('two', {'devices': 2, 'strategy': 'ddp_spawn'})):
        config = joint(
            name=name,
            max_steps=3,
            data={'batch_size': 4},
            optimiser={'clip': 1e9},
            **more,
        )
        runs.append(read_checkpoint(train(config)))
    one, two = runs
    assert two['global_step'] == 3
    for key, weights in one['state_dict'].items():
        assert torch.allclose(weights, two['state_dict'][key], rtol=1e-3, atol=2e-5), key
    # The optimiser does not mind the size of gradients; their running means tell it.
    means, others = (run['optimizer_states'][0]['state'] for run in runs)
    for key, state in means.items():
        largest = state['exp_avg'].abs().max().item()
        found = others[key]['exp_avg']
        assert torch.allclose(state['exp_avg'], found, rtol=1e-2, atol=1e-2 * largest), key


def test_two_processes_train_in_half_precision(joint):
    config = joint(max_steps=2, precision='bf16-mixed', devices=2, strategy='ddp_spawn')
    content = read_checkpoint(train(config))
    assert content['global_step'] == 2
    assert all(value.isfinite().all() for value in content['state_dict'].values())
    # Half precision is of the computation; what learns is kept whole.
    assert {value.dtype for value in content['state_dict'].values()} <= {
        torch.float32,
        torch.int64,
        torch.bool,
    }
    start = system_of(config).state_dict()
    moved = [not torch.equal(value, start[key]) for key, value in content['state_dict'].items()]
    assert any(moved)


def test_a_batch_that_can_not_be_shared_is_refused(joint):
    with pytest.raises(ConfigError, match='can not be shared by 2 processes'):
        joint(devices=2, data={'batch_size': 3})
