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
"""Plans on disk: whole or not at all, built once, and never in the way."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines import cache as cache_module
from cdst_ros.superres.engines.cache import (
    BuildCancelledError,
    PlanCache,
    PlanRefusedError,
    cache_folder,
    plan_key,
)

FIELDS = {'model sha256': 'a' * 64, 'tensorrt': '10.3.0', 'shapes': '1x1x240x320'}


class Builder:
    """Builds plans that tell how many there were."""

    def __init__(self, size=10):
        self.built = 0
        self._size = size

    def __call__(self):
        self.built += 1
        return b'%03d' % self.built + bytes(self._size)


def unchanged(plan):
    return plan


def fetch(cache, build, fields=None, load=unchanged, **arguments):
    return cache.fetch(fields or FIELDS, build=build, load=load, **arguments)


@pytest.fixture
def cache(tmp_path):
    return PlanCache(tmp_path / 'plans')


def test_a_plan_is_built_once_and_then_read(cache):
    build = Builder()
    first = fetch(cache, build)

    assert fetch(cache, build) == first == fetch(PlanCache(cache.folder), build)
    assert build.built == 1


@pytest.mark.parametrize('field', FIELDS)
def test_whatever_a_plan_depends_on_makes_another(field, cache):
    build = Builder()
    fetch(cache, build)
    fetch(cache, build, {**FIELDS, field: 'other'})

    assert build.built == 2
    assert plan_key(FIELDS) == plan_key(dict(reversed(FIELDS.items())))


@pytest.mark.parametrize(
    'damage',
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + b'x',
        lambda content: b'',
        lambda content: b'\0' * len(content),
        lambda content: content.replace(b'10.3.0', b'10.4.0'),
        lambda content: content + b'more',
    ],
    ids=['short', 'half', 'flipped', 'empty', 'zeros', 'of another', 'long'],
)
def test_a_damaged_plan_is_built_anew_with_one_line_of_log(damage, cache, caplog):
    build = Builder()
    fetch(cache, build)
    path = cache.path(FIELDS)
    path.write_bytes(damage(path.read_bytes()))

    assert fetch(cache, build).startswith(b'002')
    assert caplog.text.count('is damaged; it is built anew') == 1
    assert fetch(cache, build).startswith(b'002')


def test_a_refused_plan_is_built_anew_once(cache, caplog):
    build = Builder()
    fetch(cache, build)

    def load(plan):
        if plan.startswith(b'001'):
            raise PlanRefusedError('it is of 10.3, this is 10.4')
        return plan

    assert fetch(cache, build, load=load).startswith(b'002')
    assert caplog.text.count('it is of 10.3, this is 10.4; it is built anew') == 1


def test_a_new_plan_that_is_refused_is_an_error_and_no_loop(cache):
    build = Builder()

    def load(_):
        raise PlanRefusedError('never')

    with pytest.raises(EngineError, match='just built is refused: never'):
        fetch(cache, build, load=load)
    assert build.built == 1


def test_a_build_that_fails_leaves_nothing(cache):
    def fail():
        raise EngineError('the GPU is busy')

    with pytest.raises(EngineError, match='the GPU is busy'):
        fetch(cache, fail)
    assert not list(cache.folder.glob('*.plan'))
    assert fetch(cache, Builder()).startswith(b'001')


def test_the_least_recently_used_go_first(tmp_path):
    cache = PlanCache(tmp_path, limit_bytes=4000)
    build = Builder(1000)
    fields = [{**FIELDS, 'shapes': str(number)} for number in range(5)]
    for number in range(3):
        fetch(cache, build, fields[number])
        os.utime(cache.path(fields[number]), (number, number))
    fetch(cache, build, fields[0])  # used again: now the newest
    fetch(cache, build, fields[3])

    there = [cache.path(item).exists() for item in fields]
    assert there == [True, False, True, True, False]


def test_a_plan_beyond_the_limit_stays_alone(tmp_path):
    cache = PlanCache(tmp_path, limit_bytes=10)
    build = Builder(1000)
    fetch(cache, build, {**FIELDS, 'shapes': '1'})
    fetch(cache, build, {**FIELDS, 'shapes': '2'})

    assert len(list(tmp_path.glob('*.plan'))) == 1


def test_nobody_sees_a_plan_before_it_is_whole(cache, monkeypatch):
    seen = []
    replace = os.replace

    def look(source, target):
        seen.append((cache.path(FIELDS).exists(), Path(source).read_bytes()[-13:]))
        replace(source, target)

    monkeypatch.setattr(cache_module.os, 'replace', look)
    plan = fetch(cache, Builder())

    assert seen == [(False, plan)]


def unwritable(folder, monkeypatch):
    """Refuse to write, as a read-only file system does; root may write anywhere else."""
    monkeypatch.setattr(Path, 'mkdir', _refuse(PermissionError(13, 'Permission denied')))


def without_space(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.setattr(cache_module.os, 'fsync', _refuse(OSError(28, 'No space left on device')))


def without_locks(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.setattr(cache_module.fcntl, 'flock', _refuse(OSError(37, 'No locks available')))


def a_file(folder, monkeypatch):
    folder.write_text('in the way')


def _refuse(error):
    def refuse(*_, **__):
        raise error

    return refuse


@pytest.mark.parametrize('trouble', [unwritable, without_space, a_file])
def test_where_nothing_can_be_kept_it_runs_and_says_so_once(
    trouble, tmp_path, monkeypatch, caplog
):
    folder = tmp_path / 'plans'
    trouble(folder, monkeypatch)
    cache, build = PlanCache(folder), Builder()

    assert fetch(cache, build).startswith(b'001')
    assert fetch(cache, build).startswith(b'002')
    assert caplog.text.count('Engines are built anew in each process') == 1
    assert not folder.is_dir() or not [f for f in folder.iterdir() if f.suffix != '.lock']


def test_where_nothing_can_be_locked_plans_are_kept_all_the_same(tmp_path, monkeypatch, caplog):
    without_locks(tmp_path / 'plans', monkeypatch)
    cache, build = PlanCache(tmp_path / 'plans'), Builder()
    fetch(cache, build)
    fetch(cache, build)

    assert build.built == 1
    assert 'No locks available' in caplog.text


def test_a_read_only_folder_is_still_read(cache, monkeypatch, caplog):
    build = Builder()
    fetch(cache, build)
    monkeypatch.setattr(cache_module.os, 'utime', _refuse(PermissionError(13, 'no')))
    unwritable(cache.folder, monkeypatch)

    fetch(cache, build)

    assert build.built == 1
    assert not caplog.records


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write anywhere')
def test_a_folder_without_permission_is_no_obstacle(tmp_path, caplog):
    tmp_path.chmod(0o500)
    assert fetch(PlanCache(tmp_path), Builder()).startswith(b'001')
    assert 'built anew in each process' in caplog.text


@pytest.mark.parametrize(
    ('variable', 'folder'),
    [('/somewhere', '/somewhere/cdst_ros/engines'), ('relative', None), ('', None)],
)
def test_the_folder_is_that_of_the_xdg_specification(variable, folder, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', variable)
    default = Path.home() / '.cache' / 'cdst_ros' / 'engines'

    assert cache_folder() == (Path(folder) if folder else default)


def test_who_waits_for_another_is_told_and_gives_up_in_time(cache):
    within, done = threading.Event(), threading.Event()

    def build():
        within.set()
        assert done.wait(30)
        return b'plan'

    other = threading.Thread(target=fetch, args=(cache, build))
    other.start()
    assert within.wait(30)
    reports = []
    impatient = PlanCache(cache.folder, wait_s=0.3)
    try:
        with pytest.raises(EngineError, match=r'another process has been building.*fuser'):
            fetch(impatient, Builder(), report=reports.append)
    finally:
        done.set()
        other.join()

    assert 'another process builds this engine' in reports[0]


def test_waiting_ends_when_nobody_wants_it_any_more(cache):
    within, done, cancelled = threading.Event(), threading.Event(), threading.Event()

    def build():
        within.set()
        assert done.wait(30)
        return b'plan'

    other = threading.Thread(target=fetch, args=(cache, build))
    other.start()
    assert within.wait(30)
    cancelled.set()
    try:
        with pytest.raises(BuildCancelledError):
            fetch(cache, Builder(), cancelled=cancelled)
    finally:
        done.set()
        other.join()


#: Builds a plan, in a process of its own, for as long as a file is there.
PROCESS = """
import os, sys, time
from pathlib import Path
from cdst_ros.superres.engines.cache import PlanCache
folder, hold, log = map(Path, sys.argv[1:4])
def build():
    with log.open('a') as file:
        file.write(f'{os.getpid()}\\n')
    while hold.exists():
        time.sleep(0.01)
    return b'plan' * 1000
print(len(PlanCache(folder).fetch({'model': 'm'}, build=build, load=bytes)), flush=True)
"""


class Processes:
    """Processes that want one and the same plan."""

    def __init__(self, folder):
        self.plans, self.hold, self.log = (folder / name for name in ('plans', 'hold', 'log'))
        self.hold.touch()

    def start(self):
        command = [sys.executable, '-c', PROCESS, self.plans, self.hold, self.log]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def builders(self):
        return self.log.read_text().split() if self.log.exists() else []

    def until_building(self, count=1):
        end = time.monotonic() + 60
        while len(self.builders()) < count:
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.fixture
def processes(tmp_path):
    return Processes(tmp_path)


def test_of_processes_that_start_at_once_one_builds_and_all_get_it(processes):
    started = [processes.start() for _ in range(3)]
    processes.until_building()
    processes.hold.unlink()
    said = [process.communicate(timeout=60)[0] for process in started]

    assert said == ['4000\n'] * 3
    assert len(processes.builders()) == 1


def test_a_kill_during_a_build_leaves_nothing_half_and_lets_the_next_one_build(processes):
    first = processes.start()
    processes.until_building()
    second = processes.start()
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=60)
    processes.until_building(2)
    assert not list(processes.plans.glob('*.plan'))
    processes.hold.unlink()

    assert second.communicate(timeout=60)[0] == '4000\n'
    assert len(list(processes.plans.glob('*.plan'))) == 1


def test_what_a_kill_left_while_writing_is_cleared_away(cache):
    cache.folder.mkdir()
    left = cache.path(FIELDS).with_suffix('.0123.partial')
    other = cache.path({'another': 'plan'}).with_suffix('.4567.partial')
    for file in (left, other):
        file.write_bytes(b'half')
    fetch(cache, Builder())

    assert not left.exists()
    assert other.exists()  # it may be being written at this moment


def test_nothing_is_logged_where_all_is_well(cache, caplog):
    caplog.set_level(logging.INFO)
    fetch(cache, Builder())
    fetch(cache, Builder())

    assert not caplog.records
