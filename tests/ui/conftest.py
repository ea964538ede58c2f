"""A real JupyterLab on loopback, driven in a real Chromium."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest

import llmops_lab

REPOSITORY = Path(llmops_lab.__file__).parents[1]
STARTING_S = 90
CELLS_S = 180

# No sandbox (tests run as root in CI), software rendering, and none of Chromium's own traffic.
CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

IS_IDLE = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === 'idle';
}"""
HAS_RUN = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = panel.content.widgets.filter(cell => cell.model.type === 'code');
  const failed = cells.flatMap(cell => cell.model.sharedModel.getOutputs())
    .find(output => output.output_type === 'error');
  if (failed) return `${failed.ename}: ${failed.evalue}`;
  const waiting = cells.filter(cell => cell.model.sharedModel.source.trim()
    && (cell.model.executionCount === null || cell.model.executionState === 'running'));
  const idle = panel.sessionContext.session.kernel.status === 'idle';
  return waiting.length === 0 && idle && 'all ran';
}"""

IS_AT_TOP = """async position => {
  const content = window.jupyterapp.shell.currentWidget.content;
  const frame = () => new Promise(requestAnimationFrame);
  content.scrollToItem(position, 'start');
  for (let i = 0; i < 20; i++) await frame();
  const node = content.widgets[position].node;
  const offset = node.getBoundingClientRect().top - content.node.getBoundingClientRect().top;
  const isLast = content.outerNode.scrollTop + content.outerNode.clientHeight
    >= content.outerNode.scrollHeight - 2;
  return node.isConnected && node.clientHeight > 0 && offset > -4 && (offset < 60 || isLast);
}"""


@dataclass
class Lab:
    """A JupyterLab page: opens notebooks, runs them, remembers what the page asked for."""

    page: Any
    folder: Path
    address: str
    token: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def write(self, name: str, cells: Sequence[str]) -> Path:
        """A notebook of code cells in the server's folder."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        path = self.folder / name
        nbformat.write(notebook, path)
        return path

    def open(self, name: str) -> None:
        """Show a notebook and wait for its kernel."""
        url = f"{self.address}/lab/tree/{name}?token={self.token}&reset"
        self.page.goto(url, wait_until="domcontentloaded")
        self.page.wait_for_function("() => window.jupyterapp?.restored", timeout=STARTING_S * 1000)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        self.page.wait_for_function(IS_IDLE, timeout=STARTING_S * 1000)

    def run_all(self) -> None:
        """Run every cell and wait until all have answered; fails when one raises."""
        self.command("notebook:run-all-cells")
        outcome = self.page.wait_for_function(HAS_RUN, timeout=CELLS_S * 1000).json_value()
        assert outcome == "all ran"

    def command(self, name: str, **arguments: str) -> None:
        """Do what a JupyterLab command does."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def show_cell(self, position: int) -> None:
        """Bring a cell to the top of the notebook; its neighbours may still change height."""
        self.page.wait_for_function(IS_AT_TOP, arg=position)

    def set_theme(self, theme: str) -> None:
        """Light or Dark."""
        self.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        light = "true" if theme == "Light" else "false"
        self.page.locator(f"body[data-jp-theme-light='{light}']").wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def foreign_requests(self) -> list[str]:
        """What the page asked of anyone but its server."""
        own = urlsplit(self.address).netloc
        local = {"data", "blob", "about"}
        parts = [(url, urlsplit(url)) for url in self.requests]
        return [url for url, p in parts if p.scheme not in local and p.netloc != own]

    def screenshot(self, name: str) -> Path:
        """A picture of the page in the folder named by LLMOPS_LAB_SCREENSHOTS, or a temporary."""
        chosen = os.environ.get("LLMOPS_LAB_SCREENSHOTS")
        folder = Path(chosen) if chosen else self.folder / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png")
        return folder / f"{name}.png"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; the test skips where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium here, so nothing was tested in a browser (make browser)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, chromium_sandbox=False, args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyter_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables that keep all of Jupyter's own files in a temporary folder."""
    home = tmp_path_factory.mktemp("home")
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    own = {name: str(home / folder) for name, folder in folders.items()}
    return {**own, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, jupyter_home: dict[str, str]
) -> Iterator[tuple[Path, str, str]]:
    """A JupyterLab with its own configuration folders: (root folder, address, token)."""
    root = tmp_path_factory.mktemp("lab")
    home = Path(jupyter_home["JUPYTER_CONFIG_DIR"]).parent
    _refuse_news(home)
    port, token = _free_port(), secrets.token_hex(16)
    address = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--port={port}", "--ip=127.0.0.1", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"),
        *("--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.extra_labextensions_path={_labextensions(home)}",
    ]
    with (
        (home / "server.log").open("wb") as log,
        subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **jupyter_home},
            cwd=root,
        ) as process,
    ):
        try:
            _wait_for(f"{address}/api/status?token={token}", process, home / "server.log")
            yield root, address, token
        finally:
            process.terminate()


@pytest.fixture
def lab(chromium: Any, server: tuple[Path, str, str]) -> Iterator[Lab]:
    """A fresh page; afterwards it must have met no script error and asked no other host."""
    folder, address, token = server
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    lab = Lab(page, folder, address, token)
    context.on("request", lambda request: lab.requests.append(request.url))
    page.on("websocket", lambda socket: lab.requests.append(socket.url.replace("ws:", "http:")))
    page.on("pageerror", lambda error: lab.errors.append(str(error)))
    yield lab
    context.close()
    assert lab.errors == []
    assert lab.foreign_requests() == []


def _labextensions(home: Path) -> Path:
    """Where the extension lies, when it is built but not installed in this environment."""
    folder = home / "labextensions"
    folder.mkdir()
    installed = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "llmops-lab"
    built = REPOSITORY / "llmops_lab" / "labextension"
    if not installed.exists():
        if not built.exists():
            pytest.skip("the JupyterLab extension is not built (make install)")
        (folder / "llmops-lab").symlink_to(built)
    return folder


def _refuse_news(home: Path) -> None:
    """Answer JupyterLab's question about news, so that it neither asks nor fetches."""
    folder = home / "settings" / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    (folder / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')


def _free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTING_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            answer.read()
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def beside_sample_data(lab: Lab) -> Callable[[Path], Path]:
    """Puts a notebook where it lies in a checkout, beside the sample data; gives the folder."""
    sample = REPOSITORY / "sample_data"
    if not (sample / "traces" / "langfuse.jsonl.zst").exists():
        pytest.skip("the sample data is not made (make sample-data)")

    def lay_out(notebook: Path) -> Path:
        folder = lab.folder / notebook.stem
        (folder / "notebooks").mkdir(parents=True)
        shutil.copy(notebook, folder / "notebooks")
        (folder / "sample_data").symlink_to(sample)
        return folder

    return lay_out
