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

from cdst_ros.training.sources.settings import SourceConfig


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'kind': 'disparity', 'path': 'a', 'reduce': 2}, 'reduce is for sources of kind metric'),
        ({'kind': 'middlebury', 'path': 'a', 'reduce': 2}, 'kind middlebury does not read it'),
        (
            {'kind': 'middlebury', 'path': 'a', 'unit': 0.5},
            'unit is for sources of kind disparity',
        ),
        ({'kind': 'nyu', 'path': 'a', 'unit': 0.5}, 'kind nyu does not read it'),
        ({'kind': 'procedural', 'unit': 0.5}, 'kind procedural does not read it'),
        ({'kind': 'metric', 'path': 'a', 'measured': True}, 'measured is for recordings'),
        ({'kind': 'radar', 'path': 'a'}, "no source of kind 'radar'"),
        ({'kind': 'metric'}, 'needs a path'),
        ({'kind': 'metric', 'path': 'a', 'first': 0.6, 'last': 0.5}, 'the first before the last'),
        ({'kind': 'metric', 'path': 'a', 'degradation': {}}, 'degradation is empty'),
    ],
)
def test_what_a_source_does_not_read_or_can_not_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SourceConfig(**settings)


@pytest.mark.parametrize('kind', ['metric', 'recordings'])
def test_images_of_metric_kinds_may_be_reduced_and_have_a_unit(kind):
    settings = SourceConfig(kind=kind, path='a', unit=0.0002, reduce=2)
    assert (settings.unit, settings.reduce) == (0.0002, 2)
