"""What pip installs: `gan_core`, and the pages in a folder of their own beside it.

Streamlit puts that folder on the path, so `ui` takes no name at the top of site-packages.
"""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PAGES = "gan_laboratory"
FILES = ("pages/*.py", "ui/**/*.py", "ui/**/*.js", "ui/**/*.css", "ui/**/*.html", "ui/*.png")


class BuildPages(build_py):
    """Takes no other module from the root than the first page."""

    def find_package_modules(self, package, package_dir):
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if package != PAGES or each[1] == "dashboard"]


setup(
    packages=[*find_packages(include=["gan_core", "gan_core.*"]), PAGES],
    package_dir={PAGES: "."},
    package_data={PAGES: [*FILES, ".streamlit/config.toml"]},
    include_package_data=False,
    cmdclass={"build_py": BuildPages},
)
