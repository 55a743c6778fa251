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

from cdst_ros.evaluation.cards.card import Training, card_of, listed
from cdst_ros.evaluation.cards.results import Model, Results, Task
from cdst_ros.evaluation.cards.writing import write_card, write_index
from cdst_ros.superres.store import shipped_models

from .results_of import FLOORS, model_row, report, row

pytest.importorskip('jinja2')


@pytest.fixture
def card(tmp_path):
    """Return a card of made-up results on tof, trained on, and on stereo, where it is worse."""
    model = Model.of(shipped_models()['lite_x4'])
    results = Results(tmp_path / 'results')
    worse = model_row(profile='stereo')
    for stands in worse['versus_depth_only'].values():
        stands['verdict'] = 'worse'
    stereo = report('synthetic_stereo', [*(row(n, profile='stereo') for n in FLOORS), worse])
    scores = {'mad': {'art': 0.3, 'mean': 0.2}}
    grey = [{'method': name, 'scale': 4, **scores} for name in FLOORS]
    own = {'method': 'lite_x4', 'clipped_fraction': 0.1, 'mad_unbounded': {'mean': 0.25}}
    cost = [
        {'method': name, 'size': [320, 240], 'cpu_ms': 12.3, 'wall_ms': 7.0, 'engine': 'openvino',
         'precision': 'f32'}
        for name in (*FLOORS, 'lite_x4')
    ]  # fmt: skip
    found = {
        Task('synthetic_tof', 4): report(),
        Task('synthetic_stereo', 4): stereo,
        Task('middlebury6', 4): {
            'protocol': 'middlebury6', 'conditions': '', 'rows': [*grey, {**own, **scores}]
        },
        Task('cost', 4): {'machine': 'a quiet one', 'rows': cost},
    }  # fmt: skip
    for task, values in found.items():
        results.write(task, [model], values)
    training = Training(7, 1234, 'lite (width 32)', {'tof': 3.0, 'generic': 1.0})
    tasks = [*found, Task('replica_x4', 4), Task('synthetic_tof', 2)]
    return card_of(model, results, tasks, training)


def test_a_card_knows_where_the_model_helps(card):
    assert [place.name for place in card.at('edge MAE', 'better')] == ['synthetic_tof']
    assert [place.name for place in card.without_gain()] == ['synthetic_stereo']
    kinds = [[place.name for place in places] for _, places in card.by_help()]
    # One figure better and one worse on tof; worse in all on stereo.
    assert kinds == [[], [], ['synthetic_tof'], ['synthetic_stereo']]
    assert card.where(card.places) == 'everywhere'
    assert card.lacking == ['replica_x4']
    assert card.trained_on == ['tof', 'generic']
    assert card.mad('lite_x4') == 0.2
    assert [case.place.profile for case in card.cases] == ['tof', 'tof', 'stereo']


def test_the_text_says_it_all(card, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        'cdst_ros.evaluation.cards.writing.draw_case',
        lambda case, model, frames, file: drawn.append(file.name),
    )
    (tmp_path / 'lite_x4-worst-9.jpg').write_text('of an earlier card')
    text = write_card(card, tmp_path, 3).read_text()
    for part in (
        '# lite_x4\n',
        '| synthetic_tof* | even 4.00 : 5.00 |',
        'Middlebury-6 x4 | mean MAD 0.200',
        '12.3 ms of CPU, 7.0 ms on the clock',
        'a quiet one',
        '| seed, steps | 7, 1234 |',
        'tof (75 %), generic (25 %)',
        'Sigma is too small everywhere',
        '-2.00 [-3.00, -1.00] better (nearest)',
        'CTKT, published',
        'does as well, or better, on synthetic_stereo',
        'Not measured here, for lack of their data: replica_x4.',
        'The model: Apache-2.0, as this package. The data that it was trained on: Apache-2.0.',
        card.metadata.commit,
        card.model.digest,
    ):
        assert part in text, part
    assert not any(line.endswith(' ') for line in text.splitlines())
    assert '\n\n\n' not in text
    for name in drawn:
        assert f'({name})' in text
    assert len(drawn) == 3
    assert not (tmp_path / 'lite_x4-worst-9.jpg').exists()


def test_a_model_that_sees_colour_says_so_and_whom_it_is_held_against(tmp_path, monkeypatch):
    monkeypatch.setattr('cdst_ros.evaluation.cards.writing.draw_case', lambda *_: None)
    model = Model.of(shipped_models()['guided_x4'])
    results, task = Results(tmp_path / 'results'), Task('synthetic_tof', 4)
    rows = [*(row(name) for name in FLOORS), model_row('guided_x4', guided=True)]
    results.write(task, [model], report(rows=rows))
    card = card_of(model, results, [task])
    text = write_card(card, tmp_path, 3).read_text()
    for part in (
        'from depth and registered colour.',
        'joint_bilateral, which sees colour as this model does: for each figure',
        '`joint_bilateral` sees registered colour, as this model does. It is better in RMSE',
        'difference to the best |',
        '(joint_bilateral)',
        'The figures are with colour that lies on depth to the pixel.',
    ):
        assert part in text, part
    assert 'of depth alone (nearest' not in text
    index = write_index([card], tmp_path, 'cdst-ros card').read_text()
    assert '[guided_x4](guided_x4.md) (sees colour) |' in index


def test_every_row_of_every_table_has_the_cells_of_its_head(card, tmp_path, monkeypatch):
    monkeypatch.setattr('cdst_ros.evaluation.cards.writing.draw_case', lambda *_: None)
    write_index([card], tmp_path, 'cdst-ros card')
    for file in (write_card(card, tmp_path, 3), tmp_path / 'README.md'):
        lines = file.read_text().splitlines()
        rules = [place for place, line in enumerate(lines) if line.startswith('| ---')]
        assert rules
        for place in rules:
            width = lines[place].count('|')
            first, last = place - 1, place
            while last + 1 < len(lines) and lines[last + 1].startswith('|'):
                last += 1
            assert last > place, lines[first]
            assert {line.count('|') for line in lines[first : last + 1]} == {width}, lines[first]


def test_a_model_without_results_has_a_card_too(tmp_path):
    model = Model.of(shipped_models()['lite_x2'])
    card = card_of(model, Results(tmp_path / 'none'), [Task('hololens_x2', 2)])
    text = write_card(card, tmp_path, None).read_text()
    assert '# lite_x2' in text
    assert 'for lack of their data: hololens_x2' in text
    assert '[lite_x2](lite_x2.md)' in write_index([card], tmp_path, 'again').read_text()


def test_words_are_listed():
    assert [listed(words) for words in ('', 'a', 'ab', 'abc')] == [
        'nothing', 'a', 'a and b', 'a, b and c'
    ]  # fmt: skip
