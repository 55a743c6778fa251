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
"""Reads a page as a browser's parser would be told to, and says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Elements without an end.
VOID = {'br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr'}
#: Attributes that hold addresses.
ADDRESSES = {'action', 'data', 'href', 'poster', 'src', 'srcset'}


@dataclass
class ReadPage(HTMLParser):
    """What a page holds, and its faults."""

    images: list[dict] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    text: str = ''

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []

    @classmethod
    def of(cls, html: str) -> ReadPage:
        page = cls()
        page.feed(html)
        page.close()
        page.faults += [f'<{tag}> is not closed' for tag in page._open]
        return page

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        if len(values) < len(attributes):
            self.faults.append(f'<{tag}> has an attribute twice')
        if 'id' in values:
            self.ids.append(values['id'])
        if tag == 'img':
            self.images.append(values)
        if re.fullmatch('h[1-6]', tag):
            self.headings.append(int(tag[1]))
        for name in ADDRESSES & values.keys():
            self.links.append(values[name])
        self.links += re.findall(r'url\(([^)]*)\)', values.get('style', ''))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open[-1] != tag:
            self.faults.append(f'</{tag}> within {self._open[-3:]}')
        else:
            self._open.pop()

    def handle_data(self, data):
        if self._open and self._open[-1] == 'style':
            self.links += re.findall(r'url\(([^)]*)\)|@import\s+(\S+)', data)
        else:
            self.text += data
