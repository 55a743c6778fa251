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
"""Structure labels and their loss."""

import math

import numpy as np
import pytest
import torch

from cdst_ros.training.transfer.structure import (
    balanced_cross_entropy,
    depth_edges,
    structure_labels,
)

STEP = np.where(np.arange(32) < 16, 1.0, 2.0).astype(np.float32) * np.ones((32, 1), np.float32)
EVERYWHERE = np.ones((32, 32), bool)


def test_the_labels_of_a_step_edge_lie_on_it():
    labels = depth_edges(STEP, EVERYWHERE)
    columns = np.flatnonzero(labels[16])
    # one pixel of edge on either side of the step, and two around it
    assert columns.tolist() in ([13, 14, 15, 16, 17], [14, 15, 16, 17, 18])
    assert (labels[4:-4] == labels[16]).all()


def test_the_end_of_an_edge_is_round():
    square = np.ones((32, 32), np.float32)
    square[8:24, 8:24] = 2
    labels = depth_edges(square, EVERYWHERE)
    assert labels[9, 16] == labels[16, 9] == 1
    assert not labels[5, 5]
    assert not labels[16, 16]


def test_it_does_not_depend_on_metres():
    assert np.array_equal(depth_edges(STEP, EVERYWHERE), depth_edges(100 * STEP, EVERYWHERE))


@pytest.mark.parametrize('name', ['flat', 'slope', 'noise', 'nothing'])
def test_surfaces_have_no_edges(name):
    noise = np.random.default_rng(0).normal(0, 0.001, (32, 32))
    surface = {
        'flat': np.full((32, 32), 2.0),
        'slope': 2.0 + 0.005 * np.arange(32.0) * np.ones((32, 1)),
        'noise': 2.0 + noise,
        'nothing': np.zeros((32, 32)),
    }[name]
    known = EVERYWHERE if name != 'nothing' else ~EVERYWHERE
    assert not depth_edges(surface.astype(np.float32), known).any()


def test_what_lies_beside_a_hole_does_not_count():
    truth = torch.from_numpy(STEP)[None, None]
    mask = torch.ones_like(truth)
    mask[..., 10:14, 4:8] = 0
    labels, counts = structure_labels(torch.where(mask > 0.5, truth, 0.0), mask)
    assert counts[0, 0, 12, 11] == 0
    assert counts[0, 0, 12, 12] == 1
    assert labels[0, 0, 12, 15] == 1
    assert not (labels * counts)[0, 0, :, :12].any()


def test_a_hole_takes_no_edge_away_elsewhere():
    depth = np.full((96, 160), 4.0, np.float32)
    depth[:, 80:] += 0.12
    depth[60:] = np.linspace(4.0, 1.0, 36, dtype=np.float32)[:, None]
    mask = np.ones(depth.shape, bool)
    whole = depth_edges(depth, mask)
    assert whole[20, 80]
    mask[80:90, 30:40] = False  # where the floor is near: its fill is far off
    labels, counts = structure_labels(
        torch.from_numpy(depth)[None, None], torch.from_numpy(mask)[None, None].float()
    )
    counted = counts[0, 0].numpy() > 0.5
    assert counted[:62].all()
    np.testing.assert_array_equal(labels[0, 0].numpy()[:62], whole[:62])


def test_edges_and_the_rest_weigh_the_same():
    labels = torch.tensor([1.0, 0, 0, 0]).view(1, 1, 1, 4)
    logits = torch.zeros_like(labels)
    loss = balanced_cross_entropy(logits, labels, torch.ones_like(labels))
    assert loss == pytest.approx(math.log(2) * (0.75 * 1 + 0.25 * 3) / 4)


def test_a_sample_of_one_kind_weighs_nothing():
    logits = torch.zeros(1, 1, 2, 2)
    assert balanced_cross_entropy(logits, logits, torch.ones_like(logits)) == 0


def test_what_does_not_count_does_not_weigh():
    labels = torch.tensor([1.0, 0, 0, 1]).view(1, 1, 1, 4)
    logits = torch.tensor([0.0, 0, 0, math.inf]).view(1, 1, 1, 4)
    mask = torch.tensor([1.0, 1, 0, 0]).view(1, 1, 1, 4)
    assert balanced_cross_entropy(logits, labels, mask) == pytest.approx(math.log(2) / 2)
