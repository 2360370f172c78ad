"""Where the project and its pages are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / "dashboard.py"
