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
"""Results as an evaluation writes them, made up."""

FLOORS = ('nearest', 'bilinear', 'bicubic', 'joint_bilateral')


def stands(floor, difference, interval, verdict):
    return {'floor': floor, 'difference': difference, 'interval': interval, 'verdict': verdict}


def row(method, *, profile='tof', scale=4, edge=10.0, **details):
    """Return a row whose error at edges is ``edge`` cm, 1 cm more in each of three frames."""
    return {
        'method': method,
        'scale': scale,
        'profile': profile,
        'metrics': {'rmse_cm': edge / 2, 'edge_mae_cm': edge, 'phantom_cells': 12.0},
        'intervals': {'edge_mae_cm': [edge - 1, edge + 1]},
        'edge_mae_cm_by_frame': [edge, edge + 1, edge + 2],
        **details,
    }


def model_row(name='lite_x4', edge=8.0, **kwargs):
    """Return the row of a model: better at edges, even in RMSE, worse in phantom cells."""
    values = row(name, edge=edge, **kwargs)
    values['metrics'].update(coverage_50=0.52, coverage_90=0.7, miscalibration=0.1, ause=0.2)
    versus = {
        'rmse_cm': stands('bilinear', -1.0, [-3.0, 1.0], 'even'),
        'edge_mae_cm': stands('nearest', -2.0, [-3.0, -1.0], 'better'),
        'phantom_cells': stands('nearest', 2.0, [1.0, 3.0], 'worse'),
    }
    coloured = {'rmse_cm': stands('joint_bilateral', 1.0, [0.5, 2.0], 'worse')}
    return {
        **values,
        'clipped_fraction': 0.01,
        'bounded': True,
        'metrics_unbounded': {**values['metrics'], 'edge_mae_cm': edge + 1},
        'versus_depth_only': versus,
        'versus': {**versus, **coloured},
    }


def report(protocol='synthetic_tof', rows=None):
    return {
        'protocol': protocol,
        'conditions': '3 views of 3 procedural rooms.',
        'rows': rows or [*(row(name) for name in FLOORS), model_row()],
        'broken': [],
    }
