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
from __future__ import annotations

import pytest

pytest.importorskip('jinja2', reason='needs the extra report')
pytest.importorskip('matplotlib', reason='needs the extra report')

import numpy as np

from cdst_ros.evaluation.html.images import picture_of
from cdst_ros.evaluation.html.page import (
    BETTER,
    EVEN,
    WORSE,
    Bar,
    Beside,
    Cell,
    Code,
    Details,
    Fact,
    Heading,
    Items,
    Page,
    Panel,
    Panels,
    Paragraph,
    Section,
    Table,
    render_page,
    write_page,
)

from .reading import ReadPage

PICTURE = picture_of(np.zeros((4, 6, 3), np.uint8), 'a "black" box', pixelated=True)
HOSTILE = '<script>alert(1)</script> & "more"'


def page_of(*blocks, **others):
    return Page('A title', 'It helps.', [Section('First part', list(blocks))], **others)


def read(*blocks, **others):
    return ReadPage.of(render_page(page_of(*blocks, **others)))


def every_block():
    bar = Bar(PICTURE, 'depth', ('1 m', '2 m'), PICTURE)
    return [
        Paragraph('said'),
        Paragraph('aside', faint=True),
        Heading('within'),
        Items(['one', 'two']),
        Code('cdst-ros demo'),
        Table(['name', 'value'], [['a', Cell('1', '[0, 2]', BETTER, strong=True)]], 'told'),
        PICTURE,
        Panels([Panel(PICTURE, 'left', 'note'), None], 2, 'compared', [bar]),
        Beside([PICTURE, Items(['beside'])]),
        Details('more', [Paragraph('hidden')]),
    ]


def test_every_block_makes_whole_html():
    page = read(*every_block(), facts=[Fact('label', '1 cm', 'note', WORSE)], mark=EVEN)
    assert page.faults == []
    for text in (
        'said',
        'aside',
        'within',
        'two',
        'cdst-ros demo',
        '[0, 2]',
        'compared',
        'hidden',
    ):
        assert text in page.text


@pytest.mark.parametrize(
    'blocks',
    [
        [Paragraph(HOSTILE)],
        [Items([HOSTILE])],
        [Code(HOSTILE)],
        [Table([HOSTILE], [[HOSTILE]], HOSTILE)],
        [Details(HOSTILE, [Heading(HOSTILE)])],
        [picture_of(np.zeros((2, 2, 3), np.uint8), HOSTILE, caption=HOSTILE)],
    ],
)
def test_texts_are_texts_whatever_they_hold(blocks):
    page = read(*blocks)
    assert page.faults == []
    assert 'script' not in page.tags


def test_titles_and_verdict_are_texts_too():
    page = ReadPage.of(render_page(Page(HOSTILE, HOSTILE, [Section(HOSTILE, [])], HOSTILE)))
    assert page.faults == []
    assert 'script' not in page.tags
    assert page.text.count(HOSTILE) == 5


def test_a_command_is_told_to_the_letter():
    assert (
        'evaluate a.mcap --tolerance 5 ms' in read(Code('evaluate a.mcap --tolerance 5 ms')).text
    )


def test_no_line_breaks_between_a_number_and_its_unit():
    page = read(Paragraph('by 15 % in 3 cm, 2 misses'))
    assert 'by 15\N{NO-BREAK SPACE}% in 3\N{NO-BREAK SPACE}cm, 2 misses' in page.text


def test_a_judgement_is_told_by_a_word_and_a_sign_not_by_colour_alone():
    cells = [Cell('1', mark=mark) for mark in (BETTER, WORSE, EVEN)]
    text = read(Table(['a', 'b', 'c'], [cells], '')).text
    for sign, word in (('▲', 'better'), ('▼', 'worse'), ('=', 'even')):
        assert f'{sign} {word}' in text


def test_the_best_of_a_column_is_told_to_screen_readers():
    assert '(best)' in read(Table(['a', 'b'], [['x', Cell('1', strong=True)]], '')).text


def test_the_contents_lead_to_every_section():
    sections = [Section('One of two', []), Section('The other', [])]
    page = ReadPage.of(render_page(Page('t', 'v', sections)))
    assert {'#one-of-two', '#the-other'} <= set(page.links)
    assert {'one-of-two', 'the-other'} <= set(page.ids)


def test_sections_of_one_title_are_refused():
    with pytest.raises(ValueError, match='titles of their own'):
        render_page(Page('t', 'v', [Section('Twice', []), Section('twice!', [])]))


def test_a_page_is_written_at_once_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / 'page.html'
    path.write_text('before')

    def fails(*_):
        raise OSError('disk full')

    with monkeypatch.context() as patched:
        patched.setattr('os.replace', fails)
        with pytest.raises(OSError, match='disk full'):
            write_page(page_of(), path)
    assert path.read_text() == 'before'
    assert list(tmp_path.iterdir()) == [path]
    write_page(page_of(), path)
    assert path.read_text(encoding='utf-8').startswith('<!DOCTYPE html>')


def test_pages_are_the_same_each_time():
    assert render_page(page_of(*every_block())) == render_page(page_of(*every_block()))
