"""The page of a comparison: outcome and reasons, both versions' ROC curves, each subject's pair, reliability."""

from datetime import UTC, datetime
from pathlib import Path

from p300.domain import CHALLENGER, CHAMPION
from p300.jobs.judging.compare import Comparison
from p300.jobs.judging.verdict_text import DIFFERENCE_COLUMNS, difference_rows, interval_text, verdict_sentence
from p300.registry import ModelVersion
from p300.report.comparison import paired_figure, reliability_figure
from p300.report.figures import roc_figure
from p300.report.page import Drawing, Opening, Section, page, write_page

TITLE = "Champion and challenger"
NOTE = "Both versions answered the same flashes of the same people, from whom neither has learnt."


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """Write the page to `path` and return it; raises Unavailable where it cannot be written."""
    verdict = comparison.verdict
    facts = [
        ("outcome", verdict.outcome),
        ("difference of the AUC", f"{verdict.difference:+.3f}"),
        ("for the next person", interval_text(verdict.of_the_next)),
        ("for these people, asked again", interval_text(verdict.of_these)),
    ]
    subjects = Section("Each subject", columns=DIFFERENCE_COLUMNS, rows=difference_rows(verdict))
    sections = [_checks(comparison), _curves(comparison), subjects]
    made = f"Made by p300 on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from the versions' simulations in MLflow."
    return write_page(page(TITLE, Opening(verdict_sentence(verdict), facts, NOTE), sections, made), path)


def _checks(comparison: Comparison) -> Section:
    rows = [
        [each.name, f"{each.value:.3f}", f"{each.limit:g}", "holds" if each.holds else "fails"]
        for each in comparison.verdict.checks
    ]
    return Section("What else must hold", columns=("check", "value", "limit", ""), rows=rows)


def _curves(comparison: Comparison) -> Section:
    names = _name(CHAMPION, comparison.champion), _name(CHALLENGER, comparison.challenger)
    answers = dict(zip(names, comparison.answers, strict=True))
    pairs = {
        subject: (each.champion_auc, each.challenger_auc) for subject, each in comparison.verdict.per_subject.items()
    }
    drawings = (
        Drawing("AUC of each subject under both versions", paired_figure(names, pairs)),
        Drawing("ROC curves of both versions by subject and their mean", roc_figure(answers)),
        Drawing("reliability of both versions' probabilities", reliability_figure(answers)),
    )
    return Section("Side by side", drawings=drawings)


def _name(alias: str, version: ModelVersion) -> str:
    return f"{alias} (version {version.version})"
