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

from cdst_ros.evaluation.judging import Judge, View
from cdst_ros.evaluation.metrics.catalogue import FIGURES, figures
from cdst_ros.evaluation.metrics.sums import add_up

from .metrics.worlds import camera_of, pole

REFERENCE = pole(3, size=(32, 48))
LOW = REFERENCE[2::4, 2::4].copy()
KNOWN = np.ones(REFERENCE.shape, bool)


def made(view, sigma=None):
    totals = add_up([Judge.of(view).sums(REFERENCE, sigma, KNOWN)])
    return {name: float(value) for name, value in figures(totals).items()}


def test_the_truth_is_perfect_by_every_metric():
    view = View('a', LOW, REFERENCE, camera=camera_of(REFERENCE))
    found = made(view, np.full_like(REFERENCE, 0.01))
    # Flicker is of pairs of frames.
    assert set(found) == {figure.name for figure in FIGURES if 'flicker' not in figure.name}
    for name in ('rmse_cm', 'edge_rmse_cm', 'flying_pixels', 'phantom_cells', 'lost'):
        assert found[name] == 0
    for name in ('within_1cm', 'thin_recall', 'thin_precision', 'occupancy_f1', 'coverage_95'):
        assert found[name] == 1


def test_what_is_not_known_is_not_measured():
    found = made(View('a', LOW, REFERENCE))
    assert not {'occupancy_f1', 'phantom_cells', 'coverage_50', 'ause'} & set(found)
    assert {'rmse_cm', 'flying_pixels', 'thin_recall', 'lost'} <= set(found)
