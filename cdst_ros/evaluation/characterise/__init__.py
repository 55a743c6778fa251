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
"""
What a depth sensor really delivers, told from a recording of it, without any model.

``characterise`` goes through a recording once; each module measures one thing. Every figure comes
with the evidence that it rests on, and is left untold where the recording does not tell it.
"""

from cdst_ros.evaluation.characterise.characteristics import Characteristics
from cdst_ros.evaluation.characterise.figure import NOT_TOLD, Figure, Section, Table
from cdst_ros.evaluation.characterise.measured import measured_profile
from cdst_ros.evaluation.characterise.profile import Trait, write_profile
from cdst_ros.evaluation.characterise.survey import CLOSELY, Wanted, characterise

__all__ = [
    'CLOSELY',
    'Characteristics',
    'Figure',
    'NOT_TOLD',
    'Section',
    'Table',
    'Trait',
    'Wanted',
    'characterise',
    'measured_profile',
    'write_profile',
]
