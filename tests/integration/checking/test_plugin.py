"""The plugin in other people's suites: there, and silent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def _pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", *words)
    return subprocess.run(
        (*command, "--disable-plugin-autoload", "-p", "drkit.checking.plugin", str(folder)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_context_a_suite_keeps_its_own_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys, pytest\n"
        "@pytest.fixture\ndef site(): return 'mine'\n"
        "def test_a(site): assert site == 'mine'\n"
        "def test_b(): assert 'drkit.checking.fixtures' not in sys.modules\n"
    )
    done = _pytest(tmp_path)
    assert done.returncode == 0, done.stdout


def test_without_a_context_there_is_no_customer(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_a(customer): pass\n")
    assert "fixture 'customer' not found" in _pytest(tmp_path).stdout


def test_a_context_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text("{")
    done = _pytest(tmp_path, "--drkit-context", str(tmp_path / "site.json"))
    assert done.returncode == 4
    assert f"--drkit-context {tmp_path}/site.json" in done.stderr
