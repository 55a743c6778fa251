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
from cdst_ros.training.sources.description import describe
from cdst_ros.training.sources.settings import SourceConfig


def test_without_sources_it_is_what_shipped_models_say():
    assert describe([]) == ('procedural scenes of cdst_ros.synthetic', 'Apache-2.0')


def test_every_source_is_told_with_its_licence_and_no_folder_above_it():
    told = describe(
        [
            SourceConfig('disparity', '/home/me/msgnet70', licence='research use'),
            SourceConfig('procedural'),
            SourceConfig('recordings', '.'),
            SourceConfig('metric', 'rooms', licence='research use'),
        ]
    )
    assert told.data == (
        'disparity of msgnet70; procedural scenes of cdst_ros.synthetic; '
        'recordings (a folder of them); depth of rooms'
    )
    assert told.licence == 'research use; Apache-2.0; not stated'
