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
"""Processes are listened to, ended in good order, and never left behind."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cdst_ros.nodes import children as children_module
from cdst_ros.nodes.announce import Announcer, parse_announcement
from cdst_ros.nodes.children import Children, Event

PATIENCE_S = 30.0

#: Announces that it runs, then does what ``body`` says.
PROGRAM = """
import signal, sys, time
from cdst_ros.nodes.announce import Announcer
say = Announcer(True).say
{body}
say('running')
while True:
    time.sleep(60)
"""


def program(body: str = '') -> list[str]:
    return [sys.executable, '-c', PROGRAM.format(body=textwrap.dedent(body))]


def wait_for(children: Children, name: str) -> Event:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        event = children.wait(1.0)
        if event is not None and event.name == name:
            return event
    raise AssertionError(f'no {name}; it said {[children.log(n) for n in children.pids()]}')


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie has ended."""
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != 'Z'


def until_gone(pids: list[int]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_ctrl_c_while_a_child_is_forked_is_not_lost():
    # Hooks of fork stay for the life of a process, so this needs one of its own.
    body = """
        import os, signal, sys
        from cdst_ros.nodes.children import Children

        # What a shell runs in the background ignores it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.SIGINT))
        try:
            with Children(os.environ) as children:
                children.start('child', ['sleep', '600'])
                print('lost')
        except KeyboardInterrupt:
            print('ended', children.pids()['child'])
    """
    done = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said, pid = done.stdout.split()
    assert said == 'ended'
    assert not alive(int(pid))


def test_announcements_come_back_as_they_were_said():
    stream = io.StringIO()
    Announcer(True, stream).say('played', frames=3, name='a "b"')
    assert parse_announcement(stream.getvalue()) == ('played', {'frames': 3, 'name': 'a "b"'})


@pytest.mark.parametrize('line', ['', 'hello', '{broken', '{"other": 1}', '[1]'])
def test_other_lines_are_no_announcements(line):
    assert parse_announcement(line) is None


def test_silent_announcer_writes_nothing():
    stream = io.StringIO()
    Announcer(False, stream).say('played')
    assert not stream.getvalue()


def test_events_logs_and_exit_codes_arrive():
    body = """
    print('a line'); print('an error', file=sys.stderr)
    say('done', value=3)
    sys.exit(7)
    """
    with Children(os.environ) as children:
        children.start('one', program(body))
        assert wait_for(children, 'done') == Event('one', 'done', {'value': 3})
        assert wait_for(children, 'exited') == Event('one', 'exited', {'code': 7})
        assert set(children.log('one').split('\n')) == {'a line', 'an error'}


def test_children_get_the_environment_given_and_no_other():
    body = "import os; say('told', value=os.environ.get('CDST_A'), home='CDST_B' in os.environ)"
    with Children({**os.environ, 'CDST_A': 'x'}) as children:
        children.start('one', program(body))
        assert wait_for(children, 'told').values == {'value': 'x', 'home': False}


def test_leaving_asks_politely_first():
    body = """
    import os
    signal.signal(signal.SIGINT, lambda *_: os._exit(5))
    """
    with Children(os.environ) as children:
        children.start('one', program(body))
        wait_for(children, 'running')
    assert wait_for(children, 'exited').values == {'code': 5}


def test_leaving_ends_who_does_not_listen_and_whom_they_started(monkeypatch):
    monkeypatch.setattr(
        children_module,
        '_GRACE_S',
        ((signal.SIGINT, 0.3), (signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0)),
    )
    body = """
    import subprocess
    for s in (signal.SIGINT, signal.SIGTERM):
        signal.signal(s, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
    say('started', pid=child.pid)
    """
    with Children(os.environ) as children:
        children.start('deaf', program(body))
        grandchild = wait_for(children, 'started').values['pid']
        wait_for(children, 'running')
        pids = [grandchild, *children.pids().values()]
    assert until_gone(pids)


def test_error_inside_ends_the_children():
    children = Children(os.environ)

    def fail() -> None:
        with children:
            children.start('one', program())
            wait_for(children, 'running')
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert until_gone(list(children.pids().values()))


@pytest.mark.skipif(sys.platform != 'linux', reason='needs prctl')
def test_children_of_a_killed_parent_end():
    parent = f"""
import os
from cdst_ros.nodes.children import Children
with Children(os.environ) as children:
    children.start('one', {program()!r})
    while children.wait(60.0).name != 'running':
        pass
    print(children.pids()['one'], flush=True)
    children.wait(600.0)
"""
    process = subprocess.Popen(
        [sys.executable, '-c', parent], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert alive(pid)
    process.kill()
    process.communicate()
    assert until_gone([pid])
