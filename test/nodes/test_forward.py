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
"""What the package logs, said by a node."""

import logging

from cdst_ros.nodes.forward import LogForward


class Logger:
    def __init__(self):
        self.said = []

    def info(self, text):
        self.said.append(('info', text))

    def warning(self, text):
        self.said.append(('warning', text))

    def error(self, text):
        self.said.append(('error', text))


def test_each_severity_is_kept_and_debugging_is_left_out():
    node = Logger()
    forward = LogForward(node)
    source = logging.getLogger('cdst_ros.superres.engines')
    for level in ('debug', 'info', 'warning', 'error', 'critical'):
        getattr(source, level)('it is %d', 5)
    forward.close()

    assert node.said == [(level, 'it is 5') for level in ('info', 'warning', 'error', 'error')]


def test_nothing_is_passed_on_after_the_end_nor_from_others():
    node = Logger()
    forward = LogForward(node)
    logging.getLogger('another').error('not ours')
    level = logging.getLogger('cdst_ros').level
    forward.close()
    logging.getLogger('cdst_ros').error('too late')

    assert node.said == []
    assert level == logging.INFO
