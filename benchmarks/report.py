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
"""What every benchmark prints: the machine, the date, the command, and a table."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path


def machine() -> str:
    """Return the processor, its core count and its vector extensions, in a line."""
    info = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    pairs = (line.partition(':') for line in info)
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    name = fields.get('model name', platform.processor() or platform.machine())
    flags = fields.get('flags', '').split()
    known = ('avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile')
    extensions = ' '.join(flag for flag in known if flag in flags)
    return f'{name}, {os.cpu_count()} cores, {extensions or platform.machine()}'


def command() -> str:
    """Return the command line that ran this benchmark, as it is typed in the repository."""
    script = Path(sys.argv[0])
    return shlex.join(['python', str(Path('benchmarks') / script.name), *sys.argv[1:]])


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ['---'] * len(header), *[[str(cell) for cell in row] for row in rows]]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def publish(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    notes: str = '',
    out: Path | None = None,
) -> None:
    """Print a table with where it comes from; write it to ``out`` (.md or .json) if given."""
    origin = f'`{command()}`, {date.today().isoformat()}, {machine()}'
    text = '\n\n'.join(
        part for part in (f'## {title}', origin, markdown(header, rows), notes) if part
    )
    print(text)
    if out is None:
        return
    if out.suffix == '.json':
        table = {
            'title': title,
            'command': command(),
            'date': date.today().isoformat(),
            'machine': machine(),
            'rows': [dict(zip(header, row, strict=True)) for row in rows],
        }
        text = json.dumps(table, indent=1)
    out.write_text(text + '\n', encoding='utf-8')
