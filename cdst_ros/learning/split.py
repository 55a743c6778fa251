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
"""The stage ``split``: ``python -m cdst_ros.learning.split JOB``."""

from __future__ import annotations

import sys
from pathlib import Path

from cdst_ros.learning.color import told_of_color
from cdst_ros.learning.job import Job
from cdst_ros.learning.parts import split
from cdst_ros.learning.sensor import told_of
from cdst_ros.learning.stages import WITH_COLOR, judged, learned


def main() -> int:
    """Divide the recording of a job, and look at what it is to learn by; 1 if it cannot be."""
    job = Job(Path(sys.argv[1]))
    order = job.order()
    try:
        parts = split(
            Path(order.recording), learned(job), judged(job), order.held_out, order.gap_s
        )
        told = f'{len(parts.learned)} frames to learn from, {len(parts.judged)} held out'
        told += f'\n{told_of(job)}'
        if order.config == WITH_COLOR:
            told += f'\n{told_of_color(job)}'
    except (ValueError, OSError) as error:
        print(f'cannot divide {order.recording}: {error}', file=sys.stderr)
        return 1
    print(told)
    return 0


if __name__ == '__main__':
    sys.exit(main())
