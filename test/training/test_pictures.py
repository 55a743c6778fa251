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

from cdst_ros.training.data import Batch
from cdst_ros.training.pictures import comparison


def test_it_shows_four_images_a_row_near_white_and_far_black():
    truth = torch.tensor([[1.0, 3.0], [2.0, 0.0]]).repeat(3, 1, 1, 1)
    mask = (truth > 0).float()
    batch = Batch(truth[..., :1, :1], mask[..., :1, :1], truth, mask)
    picture = comparison(batch, truth + 1, truth - 1, rows=2)
    assert picture.shape == (1, 2 * 2, 4 * 2)
    first = picture[0, :2]
    assert first[:, :2].tolist() == [[1, 1], [1, 1]]
    assert first[0, 2:].tolist() == pytest.approx([0.5, 0.0, 1.0, 0.5, 1.0, 0.0])
