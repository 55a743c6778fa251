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
"""A headless Chromium, driven through ChromeDriver's HTTP interface (W3C WebDriver)."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
#: No network, no other start-up work, and no sandbox where root starts it.
FLAGS = (
    '--headless',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--hide-scrollbars',
)


def find_programs() -> tuple[str, str]:
    """Return the browser and its driver; skips where there is none."""
    driver = shutil.which('chromedriver')
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if driver is None or browser is None:
        pytest.skip('needs a browser: apt install chromium chromium-driver')
    return browser, driver


class Browser:
    """One window; use it in a ``with`` statement."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile

    def __enter__(self) -> Browser:
        browser, driver = find_programs()
        self._driver = subprocess.Popen(
            [driver, '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            self._address = f'http://127.0.0.1:{self._port()}'
            flags = [*FLAGS, f'--user-data-dir={self._profile}']
            if os.geteuid() == 0:
                flags.append('--no-sandbox')
            wanted = {
                'goog:chromeOptions': {'binary': browser, 'args': flags},
                'goog:loggingPrefs': {'browser': 'ALL'},
            }
            made = self._ask('/session', {'capabilities': {'alwaysMatch': wanted}})
        except BaseException:
            self._end()
            raise
        self._session = f'/session/{made["sessionId"]}'
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask(self._session, None, 'DELETE')
        finally:
            self._end()

    def show(self, width: int, height: int = 900, *, phone: bool = False) -> None:
        """Make the window so large [CSS px]."""
        metrics = {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': phone}
        self._command('Emulation.setDeviceMetricsOverride', metrics)

    def open(self, file: Path) -> None:
        """Load a file; returns when everything in it is loaded."""
        self._ask(f'{self._session}/url', {'url': file.resolve().as_uri()})

    def run(self, script: str) -> Any:
        """Return what a script returns."""
        return self._ask(f'{self._session}/execute/sync', {'script': script, 'args': []})

    def said(self) -> list[str]:
        """Return what stands in the console: warnings and errors."""
        lines = self._ask(f'{self._session}/se/log', {'type': 'browser'})
        return [line['message'] for line in lines if line['level'] in ('WARNING', 'SEVERE')]

    def requests(self) -> list[str]:
        """Return the addresses of what the page has loaded."""
        script = 'return performance.getEntriesByType("resource").map(e => e.name)'
        return [name for name in self.run(script) if not name.startswith('data:')]

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        told = self._command('Page.captureScreenshot', {'captureBeyondViewport': True})
        return base64.b64decode(told['data'])

    def print(self) -> bytes:
        """Return the page as printed: PDF."""
        return base64.b64decode(self._ask(f'{self._session}/print', {'background': True}))

    def _command(self, name: str, values: dict[str, Any]) -> Any:
        return self._ask(f'{self._session}/goog/cdp/execute', {'cmd': name, 'params': values})

    def _port(self) -> int:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            found = re.search(r'started successfully on port (\d+)', line)
            if found:
                return int(found[1])
        raise RuntimeError('ChromeDriver ended before it listened')

    def _ask(self, path: str, values: Any, method: str = 'POST') -> Any:
        body = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(self._address + path, body, method=method)
        request.add_header('Content-Type', 'application/json')
        # The driver is on this machine, whatever proxy the environment names.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as answer:
            return json.load(answer)['value']

    def _end(self) -> None:
        self._driver.terminate()
        self._driver.wait(timeout=30)
        if self._driver.stdout is not None:
            self._driver.stdout.close()
