"""The report of a run as files in its folder: text, JSON, JUnit XML and one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drkit.adapters import render_html, render_json, render_junit, render_text
from drkit.reporting.history import Compared
from drkit.reporting.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    texts: Mapping[str, str]
    folder: Path

    @property
    def names(self) -> list[str]:
        return [str(self.folder / f"report.{ending}") for ending in self.texts]

    def shown(self, output: str) -> str:
        """What stdout gets: ``text`` or ``json``."""
        return self.texts["txt" if output == "text" else "json"].rstrip("\n")


def write_reports(report: Report, folder: Path, *, compared: Compared) -> ReportFiles:
    """Render ``report`` four ways into ``folder``; all but the text tell of the runs before it."""
    texts = {
        "txt": render_text.render(report),
        "json": render_json.render(report, compared=compared),
        "xml": render_junit.render(report, compared=compared),
        "html": render_html.render(report, compared=compared),
    }
    for ending, text in texts.items():
        (folder / f"report.{ending}").write_text(text, encoding="utf-8")
    return ReportFiles(texts=texts, folder=folder)
