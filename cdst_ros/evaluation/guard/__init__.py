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
The guard: whether a model may be offered where nobody knows the truth.

Three judgements of a new method against the one that runs. ``cross_scale`` (G1) restores what
the sensor measured from a copy that is made smaller once more; ``fused_frames`` (G2) holds
outputs against what other frames of a moving camera say together; ``matched`` (G3) looks at
synthetic frames of the sensor's own profile, whose truth is known. ``decision`` says yes only if
G1 or G2 shows a gain, neither a loss, and G3 holds. No evidence is a no.
"""
