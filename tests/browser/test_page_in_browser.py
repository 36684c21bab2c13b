"""Pages as a browser shows them: accessible, within the window, complete without anything fetched.

They need Node, Chromium, and the packages of package.json: ``npm install`` in this folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.examples import EXAMPLES, network

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = [
    name
    for name, found in {
        "node": shutil.which("node"),
        "chromium": CHROMIUM,
        "npm packages (npm install in tests/browser)": (HERE / "node_modules" / "playwright-core").exists(),
    }.items()
    if not found
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"a browser check needs {', '.join(MISSING)}")
SLOWEST = 180


def mazur():
    net, x, t = network("mazur", "float64")
    return net.explain(x, t, optimizer=cr.GradientDescent(0.5), names=EXAMPLES["mazur"].aliases)


def many_samples():
    net = cr.Network(4, [cr.Dense(16, "relu"), cr.Dense(3, "softmax")], loss="cross_entropy", seed=1)
    random = np.random.default_rng(0)
    return net.explain(random.normal(size=(32, 4)), np.eye(3)[random.integers(0, 3, 32)], language="zh")


@pytest.fixture(scope="module", params=[mazur, many_samples])
def found(request, tmp_path_factory):
    """What the browser finds on a page, as look.js says it."""
    page = tmp_path_factory.mktemp("pages") / "page.html"
    request.param().save(page)
    command = ["node", str(HERE / "look.js"), str(page), str(CHROMIUM)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_is_requested_and_nothing_is_complained_of(found):
    assert found["requests"] == []
    assert found["messages"] == []


def test_the_keyboard_begins_at_the_link_that_skips(found):
    assert found["first"] == {"name": "skip", "seen": True}


def test_nothing_reaches_out_of_the_window(found):
    assert {view["width"]: view["overflowing"] for view in found["views"]} == {390: [], 1280: []}


def test_axe_finds_nothing(found):
    assert [problem for view in found["views"] for problem in view["violations"]] == []


def test_dark_is_dark(found):
    grounds = {view["colorScheme"]: view["background"] for view in found["views"]}
    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 29)"}
