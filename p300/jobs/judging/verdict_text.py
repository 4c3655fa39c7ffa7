"""A verdict in a person's words."""

import math

from p300.domain import subject_name, subjects_text
from p300.rollout.evidence import Interval, fewest_subjects
from p300.rollout.verdict import Verdict

DIFFERENCE_COLUMNS = ("subject", "champion AUC", "challenger AUC", "difference")


def verdict_sentence(verdict: Verdict) -> str:
    """The outcome, why, and by how much, for people."""
    whom = subjects_text(verdict.per_subject)
    bounds = f"{interval_text(verdict.of_the_next)} for the next person"
    more = f" About {verdict.further_subjects} more would settle it." if verdict.further_subjects else ""
    return (
        f"{verdict.outcome.capitalize()}: {verdict.reason}. Challenger minus champion on subjects {whom}: "
        f"{verdict.difference:+.3f} AUC, {bounds}.{more}"
    )


def interval_text(interval: Interval) -> str:
    """From where to where."""
    if not math.isfinite(interval.low):
        return f"no bounds from fewer than {fewest_subjects(interval.error)} people"
    return f"{interval.low:+.3f} to {interval.high:+.3f}"


def difference_rows(verdict: Verdict) -> list[list[str]]:
    """Each subject's AUC under both versions, a row each under :data:`DIFFERENCE_COLUMNS`."""
    return [
        [subject_name(subject), f"{each.champion_auc:.3f}", f"{each.challenger_auc:.3f}", f"{each.difference:+.3f}"]
        for subject, each in verdict.per_subject.items()
    ]
