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
from cdst_ros.evaluation.skipped import Skipped


def test_reasons_are_told_once_with_their_number():
    skipped = Skipped()
    for number in range(5):
        skipped.add('no colour', f'{number:03d}')
    skipped.add('a PNG cut short', '007')
    skipped.note('the bag is damaged')
    skipped.note('the bag is damaged')
    skipped.note('2 without camera_info', 2)
    assert skipped.count == 8
    assert skipped.reasons == [
        'no colour (5 frames, the first 000)',
        '007: a PNG cut short',
        'the bag is damaged',
        '2 without camera_info',
    ]


def test_many_reasons_are_not_all_told():
    skipped = Skipped()
    for number in range(25):
        skipped.add(f'reason {number}')
    assert skipped.count == 25
    assert len(skipped.reasons) == 11
    assert skipped.reasons[-1] == 'and 15 more'
