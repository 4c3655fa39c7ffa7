"""A verdict in a person's words."""

import math

from p300.domain import subjects_text
from p300.rollout.evidence import Interval, fewest_subjects
from p300.rollout.verdict import Verdict


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
