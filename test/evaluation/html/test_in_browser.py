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
"""A report in a real browser: it loads nothing, shows everything, and nothing runs over."""

from __future__ import annotations

import pytest

pytest.importorskip('jinja2', reason='needs the extra report')
pytest.importorskip('matplotlib', reason='needs the extra report')

from cdst_ros.evaluation.html import write_html

from .browser import Browser

BROKEN_IMAGES = """
return [...document.images].filter(i => !i.complete || !i.naturalWidth || !i.naturalHeight)
  .map(i => i.alt)
"""

#: What is wider than the window, or than the box that it stands in; what scrolls may be.
OVERFLOWS = """
const wide = document.documentElement.clientWidth, found = [];
if (document.documentElement.scrollWidth > wide) found.push('the page');
for (const e of document.body.querySelectorAll('*')) {
  if (e.closest('.scroll, pre, .unseen, .skip')) continue;
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  if (!box.width) continue;
  const told = e.tagName + ': ' + e.textContent.slice(0, 40);
  if (box.right > wide + 1 || box.left < -1) found.push(told + ' leaves the page');
  if (style.display != 'inline' && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
    found.push(told + ' runs over');
}
return found
"""
#: Of text beside its background, the least contrast there is (WCAG 2, relative luminance).
CONTRAST = """
const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
const lum = c => c.slice(0, 3).map(v => v / 255)
  .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length == 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
let least = 99;
for (const e of document.body.querySelectorAll('*')) {
  if (![...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim())) continue;
  const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(behind(e))];
  least = Math.min(least, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
}
return least
"""


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp('profile')) as opened:
        yield opened


@pytest.fixture(scope='module')
def file(make, tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'report.html'
    write_html(make(scales=(2, 4)), path)
    return path


@pytest.fixture
def opened(browser, file):
    browser.show(1280)
    browser.open(file)
    return browser


def test_the_console_stays_silent_and_nothing_is_loaded(opened):
    assert opened.said() == []
    assert opened.requests() == []


def test_the_check_of_the_console_sees_an_image_that_is_not_there(browser, tmp_path):
    file = tmp_path / 'broken.html'
    file.write_text('<!DOCTYPE html><title>t</title><img src="lost.png" alt="lost">')
    browser.open(file)
    assert browser.said() != []
    assert browser.run(BROKEN_IMAGES) == ['lost']


def test_every_image_is_shown(opened):
    assert opened.run('return document.images.length') > 40
    assert opened.run(BROKEN_IMAGES) == []


@pytest.mark.parametrize('width', [1600, 1280, 800, 360])
def test_nothing_runs_over(opened, width):
    opened.show(width, phone=width < 500)
    assert opened.run(OVERFLOWS) == []


def test_the_check_for_overflow_sees_one(browser, tmp_path):
    file = tmp_path / 'wide.html'
    file.write_text('<!DOCTYPE html><title>t</title><div style="width: 3000px">wide</div>')
    browser.show(800)
    browser.open(file)
    assert 'the page' in browser.run(OVERFLOWS)


def test_text_stands_out_from_what_is_behind_it(opened):
    assert opened.run(CONTRAST) >= 4.5


def test_it_prints(opened):
    assert opened.print().startswith(b'%PDF')
