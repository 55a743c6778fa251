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
import numpy as np
import pytest

from cdst_ros.evaluation.metrics.sums import add_up
from cdst_ros.evaluation.metrics.validity import validity_figures, validity_sums

NAN = np.float32(np.nan)


def test_by_hand():
    reference = np.ones((8, 8), np.float32)
    reference[:, 4:] = NAN
    low = np.ones((4, 4), np.float32)
    low[0, 0] = NAN
    output = np.full((8, 8), NAN)
    output[4:, :6] = 1
    # Known and measured: 32 pixels without the 4 of the lost input pixel; the output has 16.
    # Outside the mask are columns 4 to 7; the output has given 2 of them in 4 rows.
    sums = validity_sums(output, reference, low)
    assert sums == {'lost': 12, 'measured': 28, 'invented': 8, 'nothing': 32}
    made = validity_figures(add_up([sums]))
    assert float(made['lost']) == pytest.approx(12 / 28)
    assert float(made['invented']) == 0.25


def test_cracks_that_a_closing_fills_may_be_filled():
    reference = np.ones((9, 12), np.float32)
    reference[:, 4:6] = NAN
    reference[2, 9] = NAN
    sums = validity_sums(np.ones_like(reference), reference, np.ones((3, 4), np.float32))
    assert sums['invented'] == sums['nothing'] == 0
    assert np.isnan(validity_figures(add_up([sums]))['invented'])
    reference[:, 4:7] = NAN
    assert validity_sums(np.ones_like(reference), reference, np.ones((3, 4)))['nothing'] == 27
