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

from curves import last_figures, mean_figures


def test_a_run_in_parts_has_one_curve(tmp_path):
    # The tenth comes after the second, by number and not by name.
    for first, rows in ((0, '0,4.0,\n1,2.0,\n'), (2, '2,1.0,7\n'), (10, '10,0.5,\n')):
        folder = tmp_path / 'curves' / f'from_{first}'
        folder.mkdir(parents=True)
        (folder / 'metrics.csv').write_text('step,loss,val/mae_cm\n' + rows)
    assert last_figures(tmp_path) == {'loss': 0.5, 'val/mae_cm': 7.0}
    assert mean_figures(tmp_path, ['loss'], since=1) == {'loss': 3.5 / 3}
