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

import numpy as np

from cdst_ros.evaluation.recording_report import Band, FrameScore, KeptFrame, RecordingReport
from cdst_ros.evaluation.report import Report, Row


def test_everything_but_the_images_becomes_json():
    score = FrameScore(
        index=0,
        name='000003',
        stamp_ns=5,
        sequence='bag',
        scale=2,
        metrics={'bilinear': {'rmse_cm': 1.5}},
        latency_ms={'bilinear': 0.5},
    )
    image = np.ones((2, 2), np.float32)
    report = RecordingReport(
        report=Report('recording', 'as recorded', [Row('bilinear', 2, {})]),
        source='walk.mcap',
        command='cdst-ros evaluate walk.mcap',
        created='2026-01-01T00:00:00Z',
        environment={'python': '3.11'},
        baseline='bilinear',
        judged=(),
        frames=(score,),
        bands={(2, 'bilinear'): (Band(0.0, math.inf, 4, 1.5, 1.0, math.nan),)},
        histogram={(2, 'bilinear'): ((0.0, 1.0, math.inf), (3, 1))},
        kept=(KeptFrame('worst', score, image, image, {'bilinear': image}),),
        verdict='Nothing was judged.',
        timing={'frames': 1.0},
    )
    values = json.loads(json.dumps(report.to_json()))
    assert values['protocol'] == 'recording'
    assert values['conditions'] == 'as recorded'
    assert values['verdict'] == 'Nothing was judged.'
    assert values['frames'][0]['metrics']['bilinear']['rmse_cm'] == 1.5
    assert values['bands'][0]['bands'][0]['pixels'] == 4
    assert values['histogram'][0]['counts'] == [3, 1]
    assert values['kept'] == [{'role': 'worst', 'scale': 2, 'frame': '000003'}]
