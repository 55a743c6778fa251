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
"""Options that several verbs have; each verb shows them in a help panel of its own."""

from __future__ import annotations

from typing import Any

import typer


def depth_topic(panel: str) -> Any:
    """Return the option that names the depth topic of a bag."""
    return typer.Option(help='If the bag has several.', rich_help_panel=panel)


def info_topic(panel: str) -> Any:
    """Return the option that names the topic of the depth camera's info."""
    return typer.Option(
        help='If camera_info is not beside the depth topic; "" reads none.', rich_help_panel=panel
    )


def fill_holes(panel: str) -> Any:
    """Return the option that lets small holes be filled."""
    return typer.Option(min=0, help='Fill holes up to so many pixels.', rich_help_panel=panel)


def max_sigma(panel: str) -> Any:
    """Return the option that leaves out doubtful depth."""
    return typer.Option(help='Leave out depth of a larger sigma [m].', rich_help_panel=panel)


def min_depth(panel: str) -> Any:
    """Return the option for the least depth that is believed."""
    return typer.Option(help='Nearer is unknown [m].', rich_help_panel=panel)


def max_depth(panel: str) -> Any:
    """Return the option for the greatest depth that is believed."""
    return typer.Option(help='Farther is unknown [m].', rich_help_panel=panel)
