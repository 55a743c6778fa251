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
from typer.testing import CliRunner

from cdst_ros.cli import build_app


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--seed', '3', '--engine', 'openvino'], '--learn does not go with --engine and --seed'),
        (['--frames', '59'], '60'),
    ],
)
def test_what_says_nothing_to_the_demo_of_learning_is_refused(arguments, message):
    done = CliRunner().invoke(build_app(), ['demo', '--learn', *arguments])
    assert done.exit_code == 2
    assert message in done.output
