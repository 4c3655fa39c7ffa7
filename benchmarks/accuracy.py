"""``make bench-accuracy``: who tells Target from NonTarget, candidate by set of real recordings, beside the peers.

Every subject is answered by a classifier of all other subjects of the set, with the default recipe. The
peers get MNE's epochs of the very same flashes. Written as the table that ``docs/results.md`` shows.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks import peers
from benchmarks.recordings import FOLDER, SETS, tables_of
from p300.domain import Float64s, Recipe
from p300.model.answers import Answers, read_flashes
from p300.model.calibration import calibrated_by_others
from p300.model.candidates import CANDIDATES, leave_out
from p300.model.scores import calibration_error
from p300.model.tables import single_folds, together
from p300.model.tuning import tune

RESULTS = Path(".p300/accuracy.json")
N_RESAMPLES = 4000


@dataclass(frozen=True)
class Row:
    """One classifier on one set; AUC are means over subjects, with a 95 % interval over resampled subjects.

    ``log_loss`` and ``calibration_error`` are of kept epochs, the error a mean over ten bins of equally many.
    """

    data: str
    classifier: str
    auc: float
    low: float
    high: float
    all_auc: float | None
    share_kept: float | None
    log_loss: float
    calibration_error: float
    subjects: dict[int, float]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure who tells Target from NonTarget on real recordings.")
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], help="without any, all")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--tune", action="store_true", help="also what a search registers")
    options = parser.parse_args()
    console = Console(width=200)
    if not FOLDER.is_dir():
        parser.exit(message=f"the real recordings are not in {FOLDER}\n")
    rows = []
    console.print(HEADER)
    for name in options.sets or SETS:
        for row in measure(name, with_peers=not options.without_peers, with_search=options.tune):
            rows.append(row)
            console.print(as_text(row))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=2))


HEADER = (
    "| set | classifier | AUC, kept epochs | 95 % | AUC, all flashes | kept | log loss | calibration error |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def as_text(row: Row) -> str:
    """A line of the table."""
    whole = "" if row.all_auc is None else f"{row.all_auc:.3f}"
    kept = "" if row.share_kept is None else f"{row.share_kept:.2f}"
    interval = f"{row.low:.3f}-{row.high:.3f}"
    figures = (f"{row.auc:.3f}", interval, whole, kept, f"{row.log_loss:.3f}", f"{row.calibration_error:.3f}")
    return " | ".join(("", row.data, row.classifier, *figures, "")).strip()


def measure(name: str, *, with_peers: bool, with_search: bool) -> Iterator[Row]:
    """Ours, then the peers', on one set."""
    tables = tables_of(name, Recipe())
    flashes = read_flashes(tables)
    for own, answers in zip(
        CANDIDATES, leave_out(tuple(CANDIDATES.values()), tables, single_folds(tables)), strict=True
    ):
        yield row_of(name, f"`{own}`", calibrated_by_others(Answers.to(flashes, together(answers))))
    if with_search:
        yield row_of(name, "`--tune`", tune(tables).validation)
    if with_peers:
        epochs = peers.epochs_of(name, tables)
        for peer in peers.peers_of(next(iter(tables.values())).n_channels):
            yield row_of(name, peer, Answers.to(flashes, peers.leave_one_subject_out(peer, epochs, tables)))


def row_of(name: str, classifier: str, answers: Answers) -> Row:
    """Score answers."""
    auc = {subject: scores.auc for subject, scores in answers.scores.items()}
    low, high = interval(np.array(list(auc.values())))
    return Row(
        name,
        classifier,
        answers.mean_auc,
        low,
        high,
        answers.all_flashes and answers.all_flashes.mean_auc,
        answers.share_kept,
        float(np.mean([log_loss(each.targets, each.probabilities) for each in answers.values()])),
        calibration_error(answers.pooled_targets, answers.pooled_probabilities),
        dict(auc),
    )


def interval(auc: Float64s) -> tuple[float, float]:
    """95 % of the means over resampled subjects."""
    rng = np.random.default_rng(0)
    means = rng.choice(auc, (N_RESAMPLES, len(auc))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def log_loss(targets: Float64s, probabilities: Float64s) -> float:
    """Mean of minus the log of the probability that was given to what happened."""
    likely = np.clip(probabilities, 1e-15, 1 - 1e-15)
    return float(-np.mean(np.log(np.where(targets, likely, 1 - likely))))


if __name__ == "__main__":
    main()
