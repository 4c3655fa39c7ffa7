"""Report: what is registered, what it did on unseen subjects, and what the recordings look like, as one HTML file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from p300.domain import CHALLENGER, CHAMPION, Provenance, SubjectId, subjects_text
from p300.errors import InvalidInput, NotFound
from p300.jobs.judging.answers import answers_of, comparable
from p300.jobs.judging.verdict_text import DIFFERENCE_COLUMNS, difference_rows, verdict_sentence
from p300.model.answers import Answers
from p300.registry import ModelVersion, Registry
from p300.registry.records import Means
from p300.report.evoked import MICROVOLTS_PER_VOLT, Averages, Evoked
from p300.report.figures import (
    auc_figure,
    confusion_figure,
    evoked_figure,
    rejection_figure,
    roc_figure,
    score_figure,
)
from p300.report.page import Drawing, Opening, Section, page, write_page
from p300.rollout.verdict import Verdict, compare
from p300.store.features import FeatureTables
from p300.store.objects import ObjectStore

TITLE = "P300 classifier"
REPAIRS = {"spline": "interpolated", "mean": "replaced by the mean of the others"}
SCORES = ("AUC", "AUC of all flashes", "kept", "balanced accuracy", "kappa", "accuracy")
SCORED = (
    "Scores are of the flashes that were kept, as means over subjects; of all flashes, those that were rejected are "
    "answered with the share of Targets: to whoever spells, they were missed."
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
    recordings = _read(tables)
    sections = [
        *_comparison(contest),
        *_answers(contest),
        *_versions(registry, versions),
        *_response(recordings),
        *_rejections(recordings),
    ]
    made = f"Made by p300 on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from MLflow's runs and the stored features."
    html = page(TITLE, Opening(_lead(contest), _facts(contest, recordings), SCORED), sections, made)
    return write_page(html, path)


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


def _facts(contest: _Contest, recordings: "_Recordings") -> list[tuple[str, str]]:
    facts = []
    for name, answers in contest.answers.items():
        over_all = "" if answers.all_flashes is None else f", {_number(answers.all_flashes.mean_auc)} over all flashes"
        facts.append((f"AUC of {name}, unseen subjects", _number(answers.mean_auc) + over_all))
    if recordings.provenances:
        facts.append(("subjects", str(len(recordings.provenances))))
        facts.append(("flashes kept", f"{recordings.n_kept / max(1, recordings.n_flashes):.1%}"))
    return facts


def _versions(registry: Registry, versions: Sequence[ModelVersion]) -> list[Section]:
    rows = []
    simulated = []
    for version in versions:
        rows.append(
            [
                str(version.version),
                ", ".join(version.aliases),
                version.origin.candidate,
                subjects_text(registry.training_subjects(version)),
                *_scores(registry.validation(version)),
                f"{version.created:%Y-%m-%d %H:%M}",
            ]
        )
        for each in registry.simulations(version):
            whom = subjects_text(each.run.subjects)
            simulated.append([each.run.alias, str(version.version), whom, *_scores(each.means)])
    columns = ("version", "aliases", "candidate", "trained on", *SCORES, "made (UTC)")
    told = ("served as", "version", "unseen subjects", *SCORES)
    trained = "Each version, whom it has learnt from, and how its candidate did on each of them left out in turn."
    sections = [
        Section("What was trained", trained, columns, rows),
        Section("What was asked over HTTP", "Each simulation, newest first; means over its subjects.", told, simulated),
    ]
    return [section for section in sections if section.rows]


def _scores(means: Means) -> list[str]:
    kept = "" if means.share_kept is None else f"{means.share_kept:.1%}"
    others = (means.balanced_accuracy, means.kappa, means.accuracy)
    return [_number(means.auc), _number(means.all_auc), kept, *map(_number, others)]


def _comparison(contest: _Contest) -> list[Section]:
    if contest.verdict is None:
        return []
    text = "Both versions scored the same epochs of subjects that neither was trained on."
    return [Section("Which is better", text, DIFFERENCE_COLUMNS, difference_rows(contest.verdict))]


def _answers(contest: _Contest) -> list[Section]:
    if not contest.answers:
        return []
    text = "The newest answers of each version on subjects that it was not trained on"
    text += ", and that the other has answered too." if contest.verdict else "."
    drawings = (
        Drawing("AUC of each subject under each version", auc_figure(contest.answers)),
        Drawing("distribution of the probabilities by class", score_figure(contest.answers)),
        Drawing("ROC curves by subject and their mean", roc_figure(contest.answers)),
        Drawing("confusion matrices of each version", confusion_figure(contest.answers)),
    )
    return [Section("How they answered", text, drawings=drawings)]


@dataclass(frozen=True)
class _Recordings:
    """What one pass over the feature tables found."""

    provenances: dict[SubjectId, Provenance]
    evoked: Evoked | None
    left_out: list[SubjectId]

    @property
    def n_flashes(self) -> int:
        return sum(each.n_flashes for each in self.provenances.values())

    @property
    def n_kept(self) -> int:
        return sum(each.n_kept for each in self.provenances.values())


def _read(tables: FeatureTables) -> _Recordings:
    """Read each table once. Responses are averaged over the largest group with the same channels and recipe."""
    provenances: dict[SubjectId, Provenance] = {}
    groups: dict[SubjectId, object] = {}
    averages: dict[object, Averages] = {}
    for subject, table in tables.items():
        provenances[subject] = table.provenance
        groups[subject] = group = (table.provenance.recipe_hash, table.provenance.channel_names)
        averages.setdefault(group, Averages()).add(table)
    if not provenances:
        return _Recordings({}, None, [])
    largest, _ = Counter(groups.values()).most_common(1)[0]
    try:
        evoked = averages[largest].evoked()
    except InvalidInput:
        evoked = None
    return _Recordings(provenances, evoked, [subject for subject, group in groups.items() if group != largest])


def _response(recordings: _Recordings) -> list[Section]:
    evoked = recordings.evoked
    if evoked is None:
        return []
    text = (
        f"Target and NonTarget epochs, averaged within each of {evoked.n_subjects} subjects and then over them: "
        "each subject counts the same."
    )
    if evoked.unit == "a.u.":
        text += "\nThese features were normalised by a p300 that did not keep the scale, so there are no microvolts."
    if recordings.left_out:
        text += f"\nSubjects {subjects_text(recordings.left_out)} have other channels or another recipe: left out here."
    without_maps, maps = _maps(evoked)
    response = Drawing("average response to Target and NonTarget", evoked_figure(evoked))
    return [Section("The response", text + without_maps, drawings=(*maps, response))]


def _maps(evoked: Evoked) -> tuple[str, tuple[Drawing, ...]]:
    """Scalp maps, or the paragraph that says why there are none."""
    try:
        from p300.report.scalp import scalp_figure, unplaced  # noqa: PLC0415  (takes MNE, which few images have)
    except ModuleNotFoundError:
        return "\nThere are no scalp maps, as MNE is not installed here: pip install 'p300[preprocessing]'.", ()
    try:
        drawing = Drawing("scalp maps of Target minus NonTarget", scalp_figure(evoked))
    except InvalidInput as error:
        return f"\n{error}", ()
    missing = unplaced(evoked.channel_names)
    return f"\nNot on the maps, as the 10-05 system has no such name: {', '.join(missing)}." if missing else "", (
        drawing,
    )


def _rejections(recordings: _Recordings) -> list[Section]:
    if not recordings.provenances:
        return []
    whom = f"{len(recordings.provenances)} subjects"
    text = f"{recordings.n_kept:,} of {recordings.n_flashes:,} epochs of {whom} were kept."
    n_spared = sum(each.n_spared for each in recordings.provenances.values())
    if n_spared:
        text += f" {n_spared:,} of them exceed a limit: with them, more than a quarter of a recording would have gone."
    rows = [_recording_row(subject, each) for subject, each in recordings.provenances.items()]
    columns = ("subject", "channels", "rate (Hz)", "flashes", "kept", "share kept", "limits (µV)", "repaired channels")
    drawing = Drawing("epochs kept and rejected", rejection_figure(recordings.provenances))
    return [Section("The recordings", text, columns, rows, (drawing,))]


def _recording_row(subject: SubjectId, provenance: Provenance) -> list[str]:
    return [
        str(subject),
        str(len(provenance.channel_names)),
        f"{provenance.source_sfreq_hz:g}",
        f"{provenance.n_flashes:,}",
        f"{provenance.n_kept:,}",
        f"{provenance.n_kept / max(1, provenance.n_flashes):.1%}",
        _limits(provenance),
        "; ".join(f"{each.name}: {each.reason}, {REPAIRS[each.repair]}" for each in provenance.bad_channels),
    ]


def _limits(provenance: Provenance) -> str:
    """Peak to peak above which a channel spoils an epoch: the least and the most of all channels."""
    everywhere = provenance.recipe.reject_volts
    volts = [*provenance.limits_volts.values()] or ([everywhere] if everywhere is not None else [])
    least, most = (f"{MICROVOLTS_PER_VOLT * limit:.0f}" for limit in (min(volts), max(volts))) if volts else ("", "")
    return least if least == most else f"{least} to {most}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
