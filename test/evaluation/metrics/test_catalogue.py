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
from pathlib import Path

import numpy as np
import pytest

from cdst_ros.evaluation.metrics.accuracy import accuracy_sums
from cdst_ros.evaluation.metrics.catalogue import FIGURES, figures
from cdst_ros.evaluation.metrics.coverage import coverage_sums
from cdst_ros.evaluation.metrics.flicker import Correspondence, flicker_sums
from cdst_ros.evaluation.metrics.flying import FlyingPixels
from cdst_ros.evaluation.metrics.occupancy import Occupancy
from cdst_ros.evaluation.metrics.sparsification import sparsification_sums
from cdst_ros.evaluation.metrics.sums import add_up, by_name
from cdst_ros.evaluation.metrics.thin import ThinStructures
from cdst_ros.evaluation.metrics.validity import validity_sums

from .worlds import camera_of, pole, step


def all_sums(reference):
    low, sigma = reference[::4, ::4].copy(), np.full_like(reference, 0.1)
    every, camera, pose = np.ones(reference.shape, bool), camera_of(reference), np.eye(4)
    moved = Correspondence.of(reference, reference, camera, pose, pose)
    return {
        **accuracy_sums(reference, reference, every),
        **FlyingPixels.of(reference).sums(reference),
        **ThinStructures.of(reference, low).sums(reference),
        **Occupancy.of(reference, camera_of(reference)).sums(reference),
        **validity_sums(reference, reference, low),
        **flicker_sums(reference, reference, every),
        **moved.sums(reference, reference, every, every),
        **coverage_sums(reference, sigma, reference),
        **sparsification_sums(reference, sigma, reference),
    }


def test_every_figure_is_made_of_the_sums():
    totals = add_up([all_sums(step()), all_sums(pole(2))])
    assert list(figures(totals)) == [figure.name for figure in FIGURES]


def test_a_metric_that_was_not_taken_has_no_figure():
    reference = step()
    totals = add_up([accuracy_sums(reference, reference, np.ones(reference.shape, bool))])
    made = figures(totals)
    assert 'rmse_cm' in made
    assert not {'occupancy_f1', 'ause', 'lost'} & set(made)


def test_figures_of_resamplings_are_those_of_each():
    columns = by_name([all_sums(step()), all_sums(pole(2))])
    counts = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]])
    many = figures({name: counts @ column for name, column in columns.items()})
    for place, row in enumerate(counts):
        one = figures({name: row @ column for name, column in columns.items()})
        for name, value in one.items():
            assert many[name][place] == pytest.approx(float(value), nan_ok=True)


def test_figures_are_told_for_people():
    by = {figure.name: figure for figure in FIGURES}
    assert by['rmse_cm'].told(2.34567) == '2.346'
    assert by['thin_recall'].told(0.5) == '50.00'
    assert by['phantom_cells'].told(1955.83) == '1956'
    assert by['ause'].told(float('nan')) == '-'


DOCS = Path(__file__).parents[3] / 'docs' / 'evaluation.md'


@pytest.mark.parametrize('figure', FIGURES, ids=lambda figure: figure.name)
def test_every_figure_has_its_formula_and_source_in_the_documentation(figure):
    assert figure.formula
    assert documented(figure) in DOCS.read_text().splitlines()


def documented(figure):
    """Return the line of the documentation; bars within a cell are escaped, as tables want it."""
    cells = (f'`{figure.name}`', figure.formula, figure.source)
    return '| ' + ' | '.join(cell.replace('|', r'\|') for cell in cells) + ' |'
