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
"""What papers print for the Middlebury-6 protocol."""

from __future__ import annotations

from cdst_ros.evaluation.middlebury import SCENES
from cdst_ros.evaluation.report import Row

CAVEAT = (
    'Published figures are as printed in the papers, and not checked here: their rounding, '
    'resampling and crops may differ from this protocol (CTKT gives .11 on Books at x4, which '
    'leaves almost nothing for edges; HCGNet made its input with another, anti-aliased, resize). '
    'G: sees colour at test time.'
)

_SCALES = (4, 8, 16)
#: MAD by method; for each of ``SCENES`` and then their mean, at x4, x8 and x16.
_MAD = {
    'SRCNN': '.63 1.21 2.34|.25 .52 .97|.29 .58 1.03|.40 .87 1.74|.25 .43 .87|.35 .75 1.47|'
    '.36 .73 1.40',
    'MSG-Net (G)': '.46 .76 1.53|.15 .41 .76|.25 .51 .87|.30 .46 1.12|.21 .43 .76|.31 .52 .99|'
    '.28 .52 1.01',
    'DEIN': '.40 .64 1.34|.22 .37 .78|.22 .38 .73|.23 .36 .81|.20 .35 .73|.26 .40 .80|.26 .42 .87',
    'CTKT': '.25 .53 1.44|.11 .26 .67|.16 .36 .65|.16 .36 .76|.13 .27 .69|.17 .35 .77|'
    '.163 .355 .830',
    'PMBANet (G)': '.26 .51 1.22|.15 .26 .59|.19 .32 .59|.17 .31 .71|.16 .26 .67|.17 .33 .74|'
    '.18 .33 .75',
    'BridgeNet (G)': '.30 .58 1.49|.14 .24 .51|.19 .34 .64|.17 .34 .71|.15 .26 .54|.19 .31 .70|'
    '.19 .35 .77',
    'HCGNet (G)': '.21 .41 1.38|.13 .23 .44|.17 .31 .57|.14 .28 .78|.14 .24 .45|.15 .26 .64|'
    '.16 .29 .71',
}


def published_rows() -> list[Row]:
    """Return the published figures, by scale."""
    rows = []
    for place, scale in enumerate(_SCALES):
        for method, text in _MAD.items():
            columns = [[float(value) for value in column.split()] for column in text.split('|')]
            values = dict(zip((*SCENES, 'mean'), columns, strict=True))
            scores = {scene: column[place] for scene, column in values.items()}
            rows.append(Row(method, scale, {'mad': scores}, {'published': True}))
    return rows
