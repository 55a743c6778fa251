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
"""The report as a file: what it says, that it is whole, and that it needs nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('jinja2', reason='needs the extra report')
pytest.importorskip('matplotlib', reason='needs the extra report')

from cdst_ros.evaluation.html import MissingLibraryError, check_libraries, recording, write_html
from cdst_ros.evaluation.html.method_tables import best_of
from cdst_ros.evaluation.html.recording import recording_page
from cdst_ros.evaluation.html.recording_charts import Charts
from cdst_ros.evaluation.metrics.catalogue import FIGURES
from cdst_ros.evaluation.report import Report

from .reading import ReadPage


@pytest.fixture(scope='module')
def written(make, tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'report.html'
    write_html(make(scales=(2, 4)), path)
    return path.read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def page(written):
    return ReadPage.of(written)


def test_it_is_well_formed(written, page):
    assert written.startswith('<!DOCTYPE html>')
    assert page.faults == []
    assert len(set(page.ids)) == len(page.ids)


def test_it_needs_no_other_file(page):
    assert page.links
    outside = [link for link in page.links if not link.startswith(('#', 'data:'))]
    assert outside == []
    assert 'script' not in page.tags


def test_every_link_within_it_leads_somewhere(page):
    inside = {link[1:] for link in page.links if link.startswith('#')}
    assert inside
    assert inside <= set(page.ids)


def test_every_image_is_inside_and_described(page):
    assert len(page.images) > 40
    assert all(image['src'].startswith('data:image/') for image in page.images)
    assert all(image['alt'].strip() for image in page.images)
    assert all(int(image['width']) > 0 and int(image['height']) > 0 for image in page.images)


def test_who_hears_the_page_finds_the_way(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(later <= before + 1 for before, later in steps)
    assert {'main', 'nav', 'header', 'footer'} <= set(page.tags)


def test_the_verdict_comes_first(written, report):
    assert written.index(report.verdict[:20]) < written.index('<table')


def test_it_says_everything_that_was_found(page, report):
    for text in (
        'better',
        'nearest',
        'joint_bilateral',
        'classical, sees colour',
        '[1.500, 2.500]',
        ['5', '500 cm'][0],
        report.command,
        'two cores',
        '2 frames are left out: <damaged>',
        'each value within its bound',
        '5 < 6 & so on.',
        'Best frame at x2: 000000',
        'Worst frame at x4: 000002',
        'off by 7.0',
    ):
        assert text in page.text.replace('\N{NO-BREAK SPACE}', ' ')


def test_methods_are_ranked_by_their_error_at_edges(page):
    places = [page.text.index(name) for name in ('1. ours', '2. nearest', '3. joint', '4. bilin')]
    assert places == sorted(places)


def test_the_charts_tell_their_numbers_to_who_cannot_see_them(page):
    told = ' '.join(image['alt'] for image in page.images)
    assert 'Gains over the best classical method' in told
    assert 'ours: 0 to 2 m 2.00 cm, 2 to 4 m 4.00 cm' in told
    assert 'ours: median 3.0 ms' in told
    assert '50 % stated, 40.0 %' in told


def test_the_best_is_marked_where_methods_differ(make):
    rows = make().report.rows
    figures = {figure.name: figure for figure in FIGURES}
    assert best_of(figures['edge_mae_cm'], rows) == 2.0
    assert best_of(figures['thin_recall'], rows) is None  # all alike
    assert best_of(figures['ause'], rows) is None  # of one method
    assert best_of(figures['coverage_50'], rows) is None  # has its own right value


@pytest.mark.parametrize(
    ('verdict', 'tone'), [('better', 'good'), ('worse', 'bad'), ('even', 'even')]
)
def test_the_verdict_is_marked_by_what_it_says(make, verdict, tone):
    mark = recording_page(replace(make(verdict=verdict), kept=()), widest=100).mark
    assert mark.tone == tone


def test_a_gain_with_a_price_is_mixed(make):
    report = make()
    ours = report.report.rows[-1]
    stands = ours.details['versus_depth_only']['edge_mae_cm']
    ours.details['versus_depth_only']['rmse_cm'] = {**stands, 'verdict': 'worse'}
    assert recording_page(replace(report, kept=()), widest=100).mark.tone == 'mixed'


def test_of_few_frames_nothing_is_marked(make):
    assert recording_page(replace(make(frames=3), kept=()), widest=100).mark is None


def test_broken_promises_are_seen_at_once(make):
    report = make()
    report = replace(report, kept=(), report=replace(report.report, broken=['ours broke <it>']))
    page = recording_page(report, widest=100)
    assert any(fact.mark is not None and fact.mark.word == 'broken' for fact in page.facts)


def test_a_report_of_little_is_written_too(make, tmp_path):
    report = make()
    little = replace(
        report,
        report=Report('live', 'nothing was scored', rows=[]),
        frames=(),
        bands={},
        histogram={},
        kept=(),
        judged=(),
        timing={},
        environment={},
        command='',
    )
    write_html(little, tmp_path / 'little.html')
    page = ReadPage.of((tmp_path / 'little.html').read_text(encoding='utf-8'))
    assert page.faults == []
    assert 'nothing was scored' in page.text


def test_frames_without_camera_colour_sigma_or_edges_are_shown(make, tmp_path):
    report = make()
    flat = np.full((48, 64), 2.0, np.float32)
    bare = [replace(one, camera=None, rgb=None, sigma=None) for one in report.kept[:1]]
    bare += [
        replace(one, low=flat[::2, ::2], reference=flat, outputs=dict.fromkeys(one.outputs, flat))
        for one in report.kept[1:2]
    ]
    unknown = np.full_like(flat, np.nan)
    bare += [
        replace(
            one,
            low=unknown[::2, ::2],
            reference=unknown,
            outputs=dict.fromkeys(one.outputs, unknown),
        )
        for one in report.kept[2:]
    ]
    write_html(replace(report, kept=tuple(bare)), tmp_path / 'bare.html')
    page = ReadPage.of((tmp_path / 'bare.html').read_text(encoding='utf-8'))
    assert page.faults == []
    assert 'The camera is not known' in page.text


def test_figures_that_are_not_defined_are_left_out(make, tmp_path):
    report = make()
    frames = tuple(
        replace(one, metrics={name: {'edge_mae_cm': math.nan} for name in one.metrics})
        for one in report.frames
    )
    page = recording_page(replace(report, frames=frames, kept=()), widest=100)
    write_html(replace(report, frames=frames, kept=()), tmp_path / 'nan.html')
    assert page.sections
    assert ' nan' not in (tmp_path / 'nan.html').read_text(encoding='utf-8')


def test_it_stays_below_its_size(make, tmp_path, monkeypatch):
    report, path = make(), tmp_path / 'small.html'
    write_html(report, path)
    limit = int(0.85 * path.stat().st_size)
    monkeypatch.setattr(recording, 'LARGEST', limit)
    write_html(report, path)
    assert path.stat().st_size <= limit
    assert ReadPage.of(path.read_text(encoding='utf-8')).faults == []


def test_a_missing_library_is_told_with_the_remedy(report, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'cdst_ros.evaluation.html.libraries.find_spec',
        lambda name: None if name == 'matplotlib' else object(),
    )
    with pytest.raises(MissingLibraryError, match=r'need matplotlib, .*pip install .*report'):
        check_libraries()
    with pytest.raises(MissingLibraryError):
        write_html(report, tmp_path / 'report.html')
    assert list(tmp_path.iterdir()) == []


def test_gains_are_told_by_figure_the_one_that_ranks_first(make):
    rows = make().report.rows
    ours = rows[-1].details['versus_depth_only']
    ours['rmse_cm'] = {**ours['edge_mae_cm'], 'gain': -8.0, 'verdict': 'worse'}
    report = replace(make(), report=Report('recording', '', rows=rows))
    told = Charts(report, 2, rows).gains().alt
    assert told.index('ours, edge MAE: +33.3 %') < told.index('ours, RMSE: -800.0 %')


def test_a_clock_that_stood_still_gives_no_rate(make):
    report = make()
    for row in report.report.rows:
        row.details['latency_ms'] = {'median': 0.0, 'p95': 0.0}
    facts = recording_page(replace(report, kept=()), widest=100).facts
    assert facts
    assert not [fact for fact in facts if 'a second' in fact.note]
