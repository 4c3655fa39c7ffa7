"""Report: what is registered and what it did on unseen subjects, as one HTML file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from p300.domain import CHALLENGER, CHAMPION, FeatureTable, Provenance, SubjectId, subject_name
from p300.errors import NotFound, Unavailable
from p300.jobs.judging.answers import answers_of, comparable
from p300.model.answers import Answers
from p300.registry import ModelVersion, Registry
from p300.registry.records import Means
from p300.report.evoked import evoked
from p300.report.figures import auc_figure, confusion_figure, evoked_figure, rejection_figure, roc_figure
from p300.report.page import Section, page
from p300.rollout.verdict import Verdict, compare
from p300.store.features import FeatureTables
from p300.store.objects import ObjectStore

TITLE = "P300 classifier"
SCORES = ("AUC", "AUC of all flashes", "kept", "balanced accuracy", "kappa", "accuracy")
SCORED = (
    "Scores are means over subjects, of the flashes that were kept; of all flashes, those that were rejected are "
    "answered with the share of Targets."
)


@dataclass(frozen=True)
class _Contest:
    """What the versions that the report is about answered, champion first, by their names."""

    answers: dict[str, Answers]
    verdict: Verdict | None


def report(store: ObjectStore, registry: Registry, path: Path) -> Path:
    """Write the report to `path` and return it.

    Raises
    ------
    NotFound
        No subject was preprocessed and no version registered: there is nothing to report.
    Unavailable
        The store or MLflow does not answer, or the file cannot be written.
    """
    tables = FeatureTables(store)
    versions = registry.versions()
    if not tables and not versions:
        raise NotFound("there is nothing to report yet: no subject was preprocessed and no version registered")
    contest = _contest(registry, versions)
    sections = [*_versions(registry, versions), *_comparison(contest), *_answers(contest), *_recordings(tables)]
    made = f"Made by p300 on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from MLflow's runs and the stored features."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(TITLE, _lead(contest), sections, made), encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"the report could not be written to {path}: {error.strerror}") from error
    return path


def verdict_sentence(verdict: Verdict) -> str:
    """Who is better and by how much, for people."""
    interval = f"{verdict.confidence:.0%} interval {verdict.low:+.3f} to {verdict.high:+.3f}"
    margin = f"{verdict.difference:+.3f} AUC, {interval}"
    whom = ", ".join(map(str, verdict.per_subject))
    if verdict.better == "undecided":
        return f"Undecided between challenger and champion on subjects {whom}: {margin}, which holds zero."
    return f"The {verdict.better} is better on subjects {whom}: challenger minus champion {margin}."


def _contest(registry: Registry, versions: Sequence[ModelVersion]) -> _Contest:
    aliased = {alias: version for version in versions for alias in version.aliases}
    chosen = [aliased[alias] for alias in (CHAMPION, CHALLENGER) if alias in aliased]
    distinct = tuple({version.version: version for version in chosen}.values())
    answers = [answers_of(registry, version) for version in distinct]
    verdict = None
    if len(distinct) > 1:
        champion, challenger = comparable(*answers)
        if champion:  # means over different subjects would not compare
            answers = [champion, challenger]
            verdict = compare(champion, challenger)
    named = {_name(version): each for version, each in zip(distinct, answers, strict=True) if each}
    return _Contest(named, verdict)


def _name(version: ModelVersion) -> str:
    return f"version {version.version} ({', '.join(version.aliases)})"


def _lead(contest: _Contest) -> str:
    if contest.verdict is not None:
        return verdict_sentence(contest.verdict)
    return "No two versions have answered the same unseen subjects yet."


def _versions(registry: Registry, versions: Sequence[ModelVersion]) -> list[Section]:
    rows = []
    simulated = []
    for version in versions:
        rows.append(
            [
                str(version.version),
                ", ".join(version.aliases),
                version.origin.candidate,
                ", ".join(map(str, registry.training_subjects(version))),
                *_scores(registry.validation(version)),
                f"{version.created:%Y-%m-%d %H:%M}",
            ]
        )
        for each in registry.simulations(version):
            subjects = ", ".join(map(str, each.run.subjects))
            simulated.append([each.run.alias, str(version.version), subjects, *_scores(each.means)])
    columns = ("version", "aliases", "candidate", "trained on", *SCORES, "made (UTC)")
    told = ("served as", "version", "unseen subjects", *SCORES)
    trained = "Each version, whom it has learnt from, and how its candidate did on each of them left out in turn."
    return [
        Section("What was trained", f"{trained} {SCORED}", columns, rows),
        Section("What was asked over HTTP", f"Each simulation, newest first. {SCORED}", told, simulated),
    ]


def _scores(means: Means) -> list[str]:
    kept = "" if means.share_kept is None else f"{means.share_kept:.1%}"
    others = (means.balanced_accuracy, means.kappa, means.accuracy)
    return [_number(means.auc), _number(means.all_auc), kept, *map(_number, others)]


def _comparison(contest: _Contest) -> list[Section]:
    if contest.verdict is None:
        return []
    rows = [
        [subject_name(subject), _number(each.champion_auc), _number(each.challenger_auc), f"{each.difference:+.3f}"]
        for subject, each in contest.verdict.per_subject.items()
    ]
    text = "Both versions scored the same epochs of subjects that neither was trained on. " + verdict_sentence(
        contest.verdict
    )
    return [Section("Which is better", text, ("subject", "champion AUC", "challenger AUC", "difference"), rows)]


def _answers(contest: _Contest) -> list[Section]:
    if not contest.answers:
        return []
    text = "The newest answers of each version on subjects that it was not trained on"
    text += ", and that the other has answered too." if contest.verdict else "."
    figures = (
        ("AUC of each subject under each version", auc_figure(contest.answers)),
        ("ROC curves by subject and their mean", roc_figure(contest.answers)),
        ("confusion matrices of each version", confusion_figure(contest.answers)),
    )
    return [Section("How they answered", text, figures=figures)]


def _recordings(tables: FeatureTables) -> list[Section]:
    if not tables:
        return []
    provenances: dict[SubjectId, Provenance] = {}

    def each_table() -> Iterator[FeatureTable]:
        """One pass over the tables serves both figures."""
        for subject, table in tables.items():
            provenances[subject] = table.provenance
            yield table

    responses = evoked_figure(evoked(each_table()))
    kept = sum(each.n_kept for each in provenances.values())
    flashes = sum(each.n_flashes for each in provenances.values())
    text = f"{kept:,} of {flashes:,} epochs of {len(provenances)} subjects were kept."
    return [
        Section("The response", text, figures=(("average response to Target and NonTarget", responses),)),
        Section("What was rejected", figures=(("epochs kept and rejected", rejection_figure(provenances)),)),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
