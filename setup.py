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
Build for colcon (ament_python) and for pip.

Everything is here, not in pyproject.toml: Humble's setuptools 59.6 reads no [project] table.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
PACKAGE = 'cdst_ros'
SHARE = f'share/{PACKAGE}'


def read_version():
    """Return the version without importing the package, whose dependencies may be missing."""
    text = (HERE / PACKAGE / '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE).group(1)


def package_data():
    """Return the package's files that are not code, as paths inside the package."""
    kinds = {'.css', '.html', '.j2', '.onnx', '.rviz', '.typed', '.xml', '.yaml'}
    root = HERE / PACKAGE
    return sorted(str(f.relative_to(root)) for f in root.rglob('*') if f.suffix in kinds)


def copies(target, folder):
    """Return the ``data_files`` that copy a folder, sub-folders included, below a target."""
    wanted = {}
    for file in sorted((HERE / folder).rglob('*')):
        if file.is_file() and file.suffix != '.pyc':
            inside = file.parent.relative_to(HERE / folder)
            wanted.setdefault(str(Path(target) / inside), []).append(str(file.relative_to(HERE)))
    return list(wanted.items())


CPU_ENGINE = [
    # The fastest engine of the machine at hand; the other one is an extra of its own name.
    'openvino>=2024.4; platform_machine == "x86_64" or platform_machine == "AMD64"',
    'onnxruntime>=1.17; platform_machine != "x86_64" and platform_machine != "AMD64"',
]

# The wheels of rclpy and its middleware stand in for ROS where none is installed.
WHEELS = 'platform_system == "Linux" and platform_machine == "x86_64"'
ROS = [
    f'{name}; {WHEELS}'
    for name in (
        'ros-rclpy[fastrtps]',
        'ros-sensor-msgs',
        'ros-diagnostic-msgs',
        'ros-lifecycle-msgs',
        'ros-std-srvs',
    )
]

TRAIN = [
    'torch>=2.4',
    'lightning>=2.4',
    'tensorboard',
    'onnx>=1.16',
    'onnxscript',
    # Every export is checked with it.
    'onnxruntime>=1.17',
]

# HTML reports alone; a robot that only runs the node is spared matplotlib.
REPORT = ['jinja2>=3.0', 'matplotlib>=3.5']
# Data sets that are published as HDF5.
DATASETS = ['h5py>=3.1']

# Writing model files anew, in another precision; int8 is calibrated with the runtime.
CONVERT = ['onnx>=1.16', 'onnxruntime>=1.17']

TEST = ['pytest>=7', 'pytest-xdist>=3.2', 'hypothesis>=6', 'onnx>=1.16', *REPORT, *DATASETS]

DEV = [
    *TEST,
    'catkin_pkg',
    'mypy>=1.10',
    'onnxruntime>=1.17',
    'openvino>=2024.4',
    'ruff>=0.6',
    'setuptools',
]

setup(
    name=PACKAGE,
    version=read_version(),
    description='Sharp, high-resolution metric depth from the low-resolution depth stream '
    'of any ROS 2 robot',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='cdst_ros authors',
    maintainer='cdst_ros authors',
    maintainer_email='maintainers@cdst-ros.example',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords=['ROS', 'depth', 'super-resolution'],
    python_requires='>=3.10',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: package_data()},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (SHARE, ['package.xml']),
        *copies(f'{SHARE}/launch', 'launch'),
        *copies(f'{SHARE}/config', f'{PACKAGE}/config'),
    ],
    install_requires=[
        'mcap>=1.1',
        'numpy>=1.21',
        'opencv-python-headless>=4.5',
        'pyyaml>=5.4',
        'rich>=10',
        'rosbags>=0.11',
        'typer>=0.9',
        'zstandard',
        *CPU_ENGINE,
    ],
    extras_require={
        'ros': ROS,
        'openvino': ['openvino>=2024.4'],
        'onnxruntime': ['onnxruntime>=1.17'],
        'report': REPORT,
        'convert': CONVERT,
        'datasets': DATASETS,
        'train': TRAIN,
        'test': TEST,
        'dev': DEV,
    },
    entry_points={
        'console_scripts': [
            'cdst-ros = cdst_ros.cli:main',
            'superres = cdst_ros.nodes.superres_node:main',
            'camera = cdst_ros.nodes.camera_node:main',
            'evaluator = cdst_ros.nodes.evaluator_node:main',
            'operator = cdst_ros.nodes.operator_node:main',
            'trainer = cdst_ros.nodes.trainer_node:main',
        ],
    },
    zip_safe=False,
)
