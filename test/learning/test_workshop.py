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
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import onnx
import pytest

from cdst_ros.learning import workshop as workshop_module
from cdst_ros.learning.alone import alone
from cdst_ros.learning.background import born
from cdst_ros.learning.job import Job, JobError, Order, Status
from cdst_ros.learning.supervisor import Supervisor
from cdst_ros.learning.workshop import KEPT, Workshop, can_go_on, wait_for
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.store import shipped_models

PATIENCE_S = 120.0


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def at_step(job: Job, step: int):
    return until(lambda: job.progress().get('step', 0) >= step)


def stages_begun(job: Job) -> list[str]:
    lines = (job / 'log.txt').read_text().splitlines()
    return [line for line in lines if line.startswith('began at')]


def pid_of(job: Job, word: str) -> int:
    """Return the process of this session whose command holds ``word``."""
    session = job.status().pid
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            words = (folder / 'cmdline').read_bytes().decode().split('\0')
            same = os.getsid(int(folder.name)) == session
        except (OSError, ProcessLookupError):
            continue
        if same and int(folder.name) != session and word in words:
            return int(folder.name)
    return 0


def minder(job: Job) -> int:
    """Return the process that minds the job: 0 would be this one's group."""
    pid = job.status().pid
    assert pid > 0
    return pid


@pytest.fixture
def hold(tmp_path: Path) -> Path:
    """A file that has trainings wait at step 5 for as long as it is there."""
    file = tmp_path / 'hold'
    file.touch()
    return file


def test_a_job_goes_through_its_stages(workshop, order):
    job = workshop.start(order())
    status = wait_for(workshop, job, PATIENCE_S)
    assert (status.state, status.reason) == ('finished', '')
    assert status.done == ('split', 'train', 'export', 'judge')
    assert job.progress() == {'step': 10, 'steps': 10}
    assert job.result()['better']
    assert read_metadata(job.model()).scale == 4
    assert not workshop.is_minded()
    assert workshop.at_work() is None
    assert workshop.latest().folder == job.folder


def test_never_two_at_once(workshop, order):
    job = workshop.start(order(steps=10**6))
    until(lambda: job.status().state == 'working')
    with pytest.raises(JobError, match=f'{job.name} is at work'):
        workshop.start(order())
    # Another process that minds the same job finds the folder taken, and leaves it alone.
    at_step(job, 1)
    command = [sys.executable, '-m', 'cdst_ros.learning.supervisor', str(job.folder)]
    assert subprocess.run(command, check=False).returncode == 0
    assert job.status().state == 'working'
    assert len(stages_begun(job)) == 1


def test_one_may_be_started_while_the_processes_of_the_last_are_going(
    workshop, order, monkeypatch
):
    job = workshop.start(order())
    assert wait_for(workshop, job, PATIENCE_S).state == 'finished'
    with alone(workshop.folder) as held:
        assert held is not None
        assert not workshop.is_over(job)
        copy = os.dup(held)
    # The copy holds on, as a process does that has yet to end: until somebody waits for it.
    assert workshop.is_minded()
    waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: os.close(copy))
    with monkeypatch.context() as patched:
        patched.setattr(workshop_module, 'time', waits)
        after = workshop.start(order())
    assert wait_for(workshop, after, PATIENCE_S).state == 'finished'


def test_a_guided_model_is_refused_before_anything_is_done(workshop, order, tmp_path):
    guided = onnx.load(str(shipped_models()['fast_x4']))
    (told,) = (prop for prop in guided.metadata_props if prop.key == 'cdst_ros.model')
    told.value = json.dumps({**json.loads(told.value), 'guided': True})
    onnx.save(guided, str(tmp_path / 'guided.onnx'))
    asked = replace(order(), base=str(tmp_path / 'guided.onnx'))
    with pytest.raises(JobError, match=r'fast_x4 is guided.* start from one, such as lite_x4'):
        workshop.start(asked)
    assert not workshop.jobs()


def test_killing_the_training_costs_nothing_but_time(workshop, order, hold):
    job = workshop.start(order(steps=60))
    at_step(job, 5)
    os.kill(until(lambda: pid_of(job, 'train')), signal.SIGKILL)
    hold.unlink()
    status = wait_for(workshop, job, PATIENCE_S)
    assert status.state == 'finished'
    assert status.resumed == 1
    first, second = stages_begun(job)
    assert first == 'began at 0'
    assert int(second.split()[-1]) >= 5


def test_killing_everything_is_taken_up_by_whoever_looks_next(workshop, order, tmp_path, hold):
    job = workshop.start(order(steps=60))
    at_step(job, 5)
    training = until(lambda: pid_of(job, 'train'))
    os.kill(minder(job), signal.SIGKILL)
    # The training goes with its minder, and the folder is free.
    until(lambda: not born(training) and not workshop.is_minded())
    hold.unlink()
    assert job.status().state == 'working'
    another = Workshop(tmp_path / 'jobs')  # as after a reboot
    assert another.resume().folder == job.folder
    assert wait_for(another, job, PATIENCE_S).state == 'finished'
    assert job.status().resumed == 1
    assert len(stages_begun(job)) == 2


def test_it_outlives_the_process_that_starts_it(order, tmp_path):
    values = json.dumps({**order(steps=10**6).__dict__, 'overrides': []})
    script = (
        'import json, sys\n'
        'from pathlib import Path\n'
        'from cdst_ros.learning.job import Order\n'
        'from cdst_ros.learning.workshop import Workshop\n'
        'Workshop(Path(sys.argv[1])).start(Order(**json.loads(sys.argv[2])))\n'
    )
    jobs = tmp_path / 'jobs'
    command = [sys.executable, '-c', script, str(jobs), values]
    starter = subprocess.Popen(command, start_new_session=True)
    assert starter.wait(PATIENCE_S) == 0
    workshop = Workshop(jobs)
    job = workshop.at_work()
    at_step(job, 3)
    assert os.getsid(job.status().pid) == job.status().pid
    workshop.cancel()
    assert wait_for(workshop, job, PATIENCE_S).state == 'cancelled'


@pytest.mark.parametrize('behave', ['', 'stubborn'])
def test_cancelling_ends_it_for_good(workshop, order, behave, monkeypatch):
    job = workshop.start(order(behave, steps=10**6))
    at_step(job, 2)
    training = until(lambda: pid_of(job, 'train'))
    assert workshop.cancel().folder == job.folder
    assert wait_for(workshop, job, PATIENCE_S).state == 'cancelled'
    assert not workshop.is_minded()
    assert not born(training)
    assert workshop.resume() is None
    assert workshop.cancel() is None


def test_what_does_not_end_is_killed(workshop, order):
    job = workshop.start(order(steps=10**6))
    at_step(job, 2)
    training = pid_of(job, 'train')
    os.kill(minder(job), signal.SIGSTOP)  # it hears nothing
    workshop.cancel()
    workshop.kill(job)
    assert job.status().state == 'cancelled'
    until(lambda: not born(training) and not workshop.is_minded())


def test_a_job_cancelled_while_nobody_minds_it_stays_so(workshop, order):
    job = workshop.start(order(steps=10**6))
    at_step(job, 2)
    os.kill(minder(job), signal.SIGKILL)
    until(lambda: not workshop.is_minded())
    workshop.cancel()
    assert job.status().state == 'cancelled'
    assert workshop.resume() is None


def test_asked_to_end_it_goes_on_later(workshop, order, hold):
    # As at the shutdown of a machine: everything gets a SIGTERM.
    job = workshop.start(order(steps=80))
    at_step(job, 5)
    workshop.stop(job)
    until(lambda: not workshop.is_minded())
    hold.unlink()
    assert job.status().state == 'working'
    workshop.resume()
    assert wait_for(workshop, job, PATIENCE_S).state == 'finished'


def test_a_fault_is_told_with_its_words(workshop, order):
    job = workshop.start(order('break'))
    status = wait_for(workshop, job, PATIENCE_S)
    assert status.state == 'failed'
    assert status.reason.startswith('train failed:')
    assert 'the data are of another kind' in status.reason
    assert '$' not in status.reason


def failed(workshop: Workshop, order: Order) -> Job:
    job = workshop.start(order)
    assert wait_for(workshop, job, PATIENCE_S).state == 'failed'
    until(lambda: not workshop.is_minded())
    return job


def test_what_failed_on_its_way_goes_on_from_its_checkpoint_when_asked_again(workshop, order):
    job = failed(workshop, order('stumble'))
    assert 'train failed' in job.status().reason
    assert 'the camera fell' in job.status().reason
    again = order(threads=2)
    assert workshop.failed_before(again).folder == job.folder
    workshop.take_up(job, again)
    status = wait_for(workshop, job, PATIENCE_S)
    assert (status.state, status.reason, status.resumed) == ('finished', '', 1)
    assert stages_begun(job) == ['began at 0', 'began at 5']
    assert job.order().threads == 2
    assert workshop.failed_before(order()) is None


def test_what_fails_twice_in_the_same_place_is_begun_anew(workshop, order):
    job = failed(workshop, order('stumble'))
    workshop.take_up(job, order('stumble'))
    until(lambda: job.status().failed == 2)
    assert job.status().state == 'failed'
    assert workshop.failed_before(order()) is None


@pytest.mark.parametrize('behave', ['break', 'stumble for good'])
def test_what_would_fail_again_is_begun_anew(workshop, order, behave):
    job = failed(workshop, order(behave))
    assert not can_go_on(job)
    assert workshop.failed_before(order()) is None


def test_what_is_asked_otherwise_is_begun_anew(workshop, order, tmp_path):
    config = tmp_path / 'small.yaml'
    config.write_text('data: {batch_size: 2}')
    job = failed(workshop, order('stumble', config=str(config)))
    assert workshop.failed_before(order(config=str(config))).folder == job.folder
    assert workshop.failed_before(order(config=str(config), steps=11)) is None
    config.write_text('data: {batch_size: 4}')
    assert workshop.failed_before(order(config=str(config))) is None
    assert 'batch_size: 2' in Path(job.order().config).read_text(), 'a copy of its own'


def test_a_full_disk_costs_a_training_nothing_but_time(workshop, order, monkeypatch):
    folder = workshop.folder / 'job'
    folder.mkdir(parents=True)
    job = Job.create(folder, order('break'))
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: SimpleNamespace(free=1000))
    with alone(workshop.folder) as lock, (folder / 'log.txt').open('a') as log:
        Supervisor(job, log, lock).run()
    status = job.status()
    assert not status.ended
    assert 'free some space, and it goes on' in status.reason
    assert workshop.waits_for_room(job)
    workshop.resume()
    assert not workshop.is_minded()
    job.write_status(Status(state='working', stage='train'))  # where not even the reason fitted
    assert 'free some space' in workshop.waits_for_room(job)
    workshop.resume()
    assert not workshop.is_minded()
    monkeypatch.undo()
    order('')  # what trains does so again
    assert not workshop.waits_for_room(job)
    workshop.resume()
    assert wait_for(workshop, job, PATIENCE_S).state == 'finished'
    assert job.status().reason == ''


def test_what_is_killed_again_and_again_is_given_up(workshop, order):
    job = workshop.start(order('die'))
    status = wait_for(workshop, job, PATIENCE_S)
    assert status.state == 'failed'
    assert 'SIGKILL 3 times without getting further: is the memory full' in status.reason


def test_it_gives_way_to_others(workshop, order):
    job = workshop.start(replace(order(steps=10**6), priority='idle'))
    until(lambda: job.status().state == 'working')
    # Its stages inherit that; how soon they come to work says how busy the machine is.
    assert os.getpriority(os.PRIO_PROCESS, minder(job)) == 19
    assert os.sched_getscheduler(minder(job)) == os.SCHED_IDLE


def test_a_training_is_one_thread_and_no_part_of_ros(workshop, order):
    job = workshop.start(order(steps=10**6))
    at_step(job, 1)
    training = until(lambda: pid_of(job, 'train'))
    environ = Path(f'/proc/{training}/environ').read_bytes().decode().split('\0')
    assert 'OMP_NUM_THREADS=1' in environ
    assert not any(variable.startswith('ROS_') for variable in environ)


def test_its_models_and_frames_are_those_of_its_beginning(workshop, order, room):
    job = workshop.start(order(steps=50))
    at_step(job, 1)
    base = Path(job.order().base)
    assert base.is_relative_to(job.folder)
    assert base.name == 'fast_x4.onnx'
    lines = (job / 'learned' / 'room' / 'frames.jsonl').read_text()
    with (room / 'frames.jsonl').open('a') as frames:
        frames.write(lines.splitlines()[0] + '\n')
    assert (job / 'learned' / 'room' / 'frames.jsonl').read_text() == lines


def test_few_frames_are_refused_at_once(workshop, order, room):
    lines = (room / 'frames.jsonl').read_text().splitlines()[:12]
    (room / 'frames.jsonl').write_text('\n'.join(lines) + '\n')
    with pytest.raises(JobError, match='12 frames are too few'):
        workshop.start(order())
    assert workshop.latest() is None


def test_old_jobs_are_removed(workshop, order):
    for number in range(KEPT + 2):
        Job.create(_folder(workshop, f'2000{number:02}'), order())
        job = workshop.latest()
        job.write_status(job.status().__class__(state='failed'))
    job = workshop.start(order())
    assert len(workshop.jobs()) == KEPT
    assert workshop.latest().folder == job.folder


def _folder(workshop: Workshop, name: str) -> Path:
    folder = workshop.folder / name
    folder.mkdir(parents=True)
    return folder
