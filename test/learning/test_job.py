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

from cdst_ros.learning.job import ORDER, STATUS, Job, JobError, Order, Status


@pytest.fixture
def job(tmp_path):
    return Job.create(tmp_path, Order('/rooms/kitchen', 'base.onnx', 'new', overrides=('a=1',)))


def test_what_was_asked_and_how_far_it_is_come_back(job):
    written = job.write_status(Status(state='working', stage='train', done=('split',), pid=7))
    assert job.status() == written
    assert job.order() == Order('/rooms/kitchen', 'base.onnx', 'new', overrides=('a=1',))


@pytest.mark.parametrize('text', ['', '{"state": "fin', '[]'])
def test_a_status_that_cannot_be_read_has_the_stages_run_again(job, text):
    job.write_status(Status(state='working', stage='judge', done=('split', 'train')))
    (job / STATUS).write_text(text)
    assert job.status().state == 'waiting'
    assert job.status().done == ()


@pytest.mark.parametrize('text', ['', '{"recording": "/rooms/kitchen"}'])
def test_an_order_that_cannot_be_read_says_what_to_do(job, text):
    (job / ORDER).write_text(text)
    with pytest.raises(JobError, match=f'is missing or damaged: remove {job.folder}, and train'):
        job.order()
