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

from cdst_ros.evaluation.middlebury import SCENES
from cdst_ros.evaluation.published import published_rows


def test_published_figures_keep_their_places():
    rows = {(row.method, row.scale): row.scores['mad'] for row in published_rows()}
    assert len(rows) == 7 * 3
    assert all(list(scores) == [*SCENES, 'mean'] for scores in rows.values())
    assert rows['CTKT', 4] == {
        'art': 0.25,
        'books': 0.11,
        'dolls': 0.16,
        'laundry': 0.16,
        'moebius': 0.13,
        'reindeer': 0.17,
        'mean': 0.163,
    }
    assert rows['SRCNN', 16]['reindeer'] == 1.47
    assert rows['BridgeNet (G)', 8]['books'] == 0.24


@pytest.mark.parametrize('row', published_rows(), ids=lambda row: f'{row.method}_x{row.scale}')
def test_their_means_are_those_of_the_scenes(row):
    scores = row.scores['mad']
    mean = sum(scores[scene] for scene in SCENES) / 6
    assert scores['mean'] == pytest.approx(mean, abs=0.0075)
