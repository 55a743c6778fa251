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

from cdst_ros.evaluation.metrics.distribution import (
    BINS,
    EDGES_CM,
    distribution,
    distribution_sums,
)
from cdst_ros.evaluation.metrics.sums import add_up


def test_counts_are_those_of_numpy():
    rng = np.random.default_rng(0)
    reference = rng.uniform(1, 5, (60, 80)).astype(np.float32)
    output = (reference + rng.laplace(0, 0.05, reference.shape)).astype(np.float32)
    common = rng.random(reference.shape) < 0.6
    found = distribution(add_up([distribution_sums(output, reference, common)]))
    errors = 100 * np.abs(output[common].astype(np.float64) - reference[common])
    expected, _ = np.histogram(errors, EDGES_CM)
    assert found == tuple(expected)
    assert len(found) == BINS


def test_edges_rise_from_nothing_to_all():
    assert EDGES_CM[0] == 0
    assert EDGES_CM[-1] == np.inf
    assert np.all(np.diff(EDGES_CM) > 0)
    assert {0.01, 0.1, 1.0, 10.0, 100.0} <= set(EDGES_CM)


def test_an_error_of_an_edge_belongs_to_the_bin_that_it_begins():
    reference = np.array([[1.0]], np.float32)
    counts = distribution(add_up([distribution_sums(reference, reference, np.ones((1, 1), bool))]))
    assert counts[0] == 1
    assert sum(counts) == 1
