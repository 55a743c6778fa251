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
Draw speed beside accuracy: each model a point, and the classical methods among them.

It measures nothing: it draws what `cdst-ros card` has measured, of the folder of its results.
Shipped models that are meant for another sensor than the protocol's are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from report import markdown

from cdst_ros.evaluation.cards.speed import (
    PROTOCOL,
    SCALE,
    draw_speed,
    meant_for_others,
    note_of,
    panels_of,
)
from cdst_ros.superres.store import shipped_models


def main() -> None:
    """Draw the picture, and print its points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--results', type=Path, default=Path('docs/models/results'))
    parser.add_argument('--scale', type=int, default=SCALE)
    parser.add_argument('--protocol', default=PROTOCOL, help='of metric depth')
    parser.add_argument('--out', type=Path, default=Path('docs/models/speed.svg'))
    args = parser.parse_args()
    results = {
        file.stem: json.loads(file.read_text(encoding='utf-8'))
        for file in sorted(args.results.glob('*.json'))
    }
    others = meant_for_others(shipped_models().values(), args.protocol)
    panels = panels_of(results, args.scale, args.protocol, others)
    if not panels:
        raise SystemExit(f'{args.results} holds no results of x{args.scale}: run `cdst-ros card`')
    draw_speed(panels, note_of(results, args.scale), args.out)
    for panel in panels:
        rows = [[p.method, f'{p.cpu_ms:.1f}', f'{p.error:.3f}'] for p in panel.points]
        print(f'\n{panel.title}\n\n{markdown(["method", "CPU ms", panel.unit], rows)}')
    print(f'\n{args.out}')


if __name__ == '__main__':
    main()
