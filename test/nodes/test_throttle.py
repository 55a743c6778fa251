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
"""Warnings that come once in a while."""

from __future__ import annotations

import pytest

from cdst_ros.nodes.throttle import ThrottledLog


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Logger:
    def __init__(self):
        self.lines = []

    def warning(self, text):
        self.lines.append(text)

    info = warning


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def logger():
    return Logger()


@pytest.fixture
def log(logger, clock):
    return ThrottledLog(logger, 5.0, clock)


def test_says_a_thing_once_a_period_and_how_often_it_was_held_back(log, logger, clock):
    assert log.warn('cut short: 10 bytes')
    for size in (11, 12.5, 13):
        assert not log.warn(f'cut short: {size} bytes')
    clock.now = 5.0
    assert log.warn('cut short: 14 bytes')
    assert logger.lines == [
        'cut short: 10 bytes',
        'cut short: 14 bytes (3 more like this since the last message)',
    ]


def test_different_things_are_said_at_once(log, logger):
    assert log.warn('wrong encoding')
    assert log.warn('wrong size')
    assert logger.lines == ['wrong encoding', 'wrong size']


def test_memory_is_bounded(log, logger):
    for first in 'abcdefghijklmnopqrst':
        for second in 'abcdefghijklmnopqrst':
            assert log.warn(f'unknown encoding {first}{second}')
    assert len(log._said) <= 200


def test_progress_is_told_once_a_period_without_a_count(log, logger, clock):
    for share in (1, 2, 3):
        log.info(f'{share} % are done')
    clock.now = 5.0
    log.info('4 % are done')
    assert logger.lines == ['1 % are done', '4 % are done']
