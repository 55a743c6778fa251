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
import math

from cdst_ros.evaluation.plain import json_text


def test_what_json_does_not_know_is_null_and_all_else_stays():
    values = {'a': [1.5, math.nan, (2, math.inf)], 'b': {'c': -math.inf, 'd': 'x', 'e': True}}
    text = json_text(values)
    assert json.loads(text) == {'a': [1.5, None, [2, None]], 'b': {'c': None, 'd': 'x', 'e': True}}
    assert text.endswith('}\n')
