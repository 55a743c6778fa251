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
"""Names of topics beside topics."""

from __future__ import annotations

from rclpy.node import Node

_TRANSPORT = 'compressedDepth'


def compressed_topic(node: Node, image: str) -> str:
    """
    Return the topic of an image's compressedDepth, for a publisher or a subscription of ``node``.

    It lies below the image topic wherever that is remapped to, as image_transport has it; a
    remapping of its own wins.

    :param image: relative name of the image topic
    """
    own = f'{image}/{_TRANSPORT}'
    if node.resolve_topic_name(own) != node.resolve_topic_name(own, only_expand=True):
        return own
    return f'{node.resolve_topic_name(image)}/{_TRANSPORT}'
