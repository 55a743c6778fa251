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
import pytest
import torch

from cdst_ros.models.grid import bilinear_numerators, one_hot_kernels


def test_bilinear_weights_of_x2_are_those_of_the_book():
    first = bilinear_numerators(2)[0]
    # The upper left output pixel: 3/4 of its own row and column, 1/4 of the previous.
    assert first.tolist() == [[1, 3, 0], [3, 9, 0], [0, 0, 0]]


@pytest.mark.parametrize('scale', [1, 2, 3, 4, 8])
def test_bilinear_weights_are_whole_and_sum_to_one(scale):
    weights = bilinear_numerators(scale)
    assert torch.equal(weights, weights.round())
    assert torch.equal(weights.sum((1, 2)), torch.full((scale**2,), float((2 * scale) ** 2)))


def test_one_hot_kernels_pick_the_neighbours_in_reading_order():
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    picked = torch.nn.functional.conv2d(image, one_hot_kernels(3)).flatten()
    assert picked.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
