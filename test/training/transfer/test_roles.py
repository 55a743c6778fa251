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
"""Hand-computed cases."""

import torch

from cdst_ros.training.transfer.roles import estimation_teaches


def images(*samples):
    return torch.tensor(samples, dtype=torch.float32).view(len(samples), 1, 1, -1)


ERROR_SR = images((1.0, -2.0, 9.0), (0.5, 0.5, 0.0))
ERROR_DE = images((-2.0, 0.5, 0.0), (0.4, 1.0, 0.0))
MASK = images((1, 1, 0), (1, 1, 1))


def test_by_pixel_the_nearer_one_teaches():
    teaches = estimation_teaches(ERROR_SR, ERROR_DE, MASK, 'pixel')
    assert teaches.flatten().tolist() == [0, 1, 0, 1, 0, 0]


def test_by_sample_the_one_with_less_error_teaches():
    # 3 against 2.5, and 1 against 1.4
    teaches = estimation_teaches(ERROR_SR, ERROR_DE, MASK, 'sample')
    assert teaches.shape == (2, 1, 1, 1)
    assert teaches.flatten().tolist() == [1, 0]


def test_by_iteration_one_role_holds_for_all():
    # 4 against 3.9
    teaches = estimation_teaches(ERROR_SR, ERROR_DE, MASK, 'iteration')
    assert teaches.shape == (1, 1, 1, 1)
    assert teaches.item() == 1


def test_where_nothing_is_known_nobody_new_teaches():
    assert not estimation_teaches(ERROR_SR, ERROR_DE, 0 * MASK, 'sample').any()
