"""The pages of pictures without a browser: their panels, uploads, and the latent space."""

import io
import zipfile

from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.helpers.pages import QUICK, Visit
from tests.helpers.paths import HOME

MLP = QUICK["pictures"]["architecture"]
TOLD = {"dataset": {"name": "mnist"}, "architecture": MLP | {"conditional": True}}
LATENT_PAGE = "pages/3_Latent_space.py"


def panel(opened, name):
    opened.at.session_state[f"{opened.page}.panel"] = name
    opened.look()


def picture(color, side=40):
    file = io.BytesIO()
    Image.new("RGB", (side, side), color).save(file, "PNG")
    return file.getvalue()


def zip_of(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return file.getvalue()


def bring(opened, name, content, kind="application/zip"):
    opened.at.file_uploader(key="pictures.import.files").set_value([(name, content, kind)])
    opened.look()
    opened.answer("Import")


def own(opened):
    opened.at.selectbox(key="pictures.import.size").set_value(16).run()


def latent_page(setup):
    at = AppTest.from_file(str(HOME), default_timeout=60).switch_page(LATENT_PAGE)
    at.session_state["steps_per_frame"] = 3
    at.query_params["setup"] = setup
    at.run()
    assert not at.exception
    return Visit(at, "pictures")
