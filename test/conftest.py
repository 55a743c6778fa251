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
"""Settings that every test shares: a DDS world of this process's own, and no clock on examples."""

import os

from hypothesis import settings

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('ROS_LOCALHOST_ONLY', '1')
# The workers of one run share the cores, and node tests wait more than they compute.
os.environ.setdefault('OMP_NUM_THREADS', '1')
# Each worker of a run has a domain of its own.
_WORKER = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
os.environ['ROS_DOMAIN_ID'] = str(1 + (os.getppid() + _WORKER) % 100)

# How long one example takes says how busy the machine is, not whether the code is right.
settings.register_profile('patient', deadline=None)
settings.load_profile('patient')
