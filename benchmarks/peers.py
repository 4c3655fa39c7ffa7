"""Classifiers of others, as their authors would build them: MNE with scikit-learn, and the chains that MOABB has."""

from collections.abc import Callable, Mapping

import mne
import numpy as np
from mne.decoding import Vectorizer
from pyriemann.estimation import ERPCovariances, XdawnCovariances
from pyriemann.spatialfilters import Xdawn
from pyriemann.tangentspace import TangentSpace
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.recordings import recording_of
from p300.domain import FeatureTable, Float64s, SubjectId
from p300.model.tables import BySubject

# MOABB's P300 paradigm, and the window that P300 studies look at.
BAND_HZ = (1.0, 24.0)
WINDOW_S = (0.0, 0.8)
SFREQ_HZ = 100.0
# Covariances of so many channels beside two average responses have 4,656 entries an epoch.
MOST_ERP_CHANNELS = 32

PEERS: Mapping[str, Callable[[], Pipeline]] = {
    "MNE, StandardScaler, LDA": lambda: make_pipeline(Vectorizer(), StandardScaler(), _lda()),
    "xDAWN, LDA": lambda: make_pipeline(Xdawn(nfilter=2), Vectorizer(), _lda()),
    "ERP covariances, tangent space, LR": lambda: make_pipeline(
        ERPCovariances(estimator="oas"), TangentSpace(), LogisticRegression(max_iter=1000)
    ),
    "xDAWN covariances, tangent space, LR": lambda: make_pipeline(
        XdawnCovariances(nfilter=4, estimator="lwf"), TangentSpace(), LogisticRegression(max_iter=1000)
    ),
}


def peers_of(n_channels: int) -> list[str]:
    """Those that can be had with so many channels."""
    return [name for name in PEERS if n_channels <= MOST_ERP_CHANNELS or not name.startswith("ERP")]


def epochs_of(name: str, tables: Mapping[SubjectId, FeatureTable]) -> dict[SubjectId, Float64s]:
    """MNE's epochs of the flashes that the tables kept, in microvolts: (n_epochs, n_channels, n_times) a subject."""
    return {subject: _epochs(name, subject, table) for subject, table in tables.items()}


def leave_one_subject_out(
    peer: str, epochs: Mapping[SubjectId, Float64s], tables: Mapping[SubjectId, FeatureTable]
) -> BySubject:
    """P(Target) of each subject's epochs by a peer that was fitted to all others."""
    probabilities: BySubject = {}
    for subject in epochs:
        others = [other for other in epochs if other != subject]
        pipeline = PEERS[peer]()
        pipeline.fit(
            np.concatenate([epochs[other] for other in others]),
            np.concatenate([tables[other].targets for other in others]).astype(int),
        )
        probabilities[subject] = pipeline.predict_proba(epochs[subject])[:, 1]
    return probabilities


def _lda() -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def _epochs(name: str, subject: SubjectId, table: FeatureTable) -> Float64s:
    recording = recording_of(name, subject)
    info = mne.create_info(list(recording.channel_names), recording.sfreq_hz, "eeg")
    samples = np.stack([np.asarray(channel, np.float64) for channel in recording.samples])
    raw = mne.io.RawArray(samples, info, verbose="ERROR").filter(*BAND_HZ, verbose="ERROR")
    onsets = table.onset_samples
    events = np.column_stack([onsets, np.zeros_like(onsets), table.labels])
    epochs = mne.Epochs(raw, events, None, *WINDOW_S, baseline=None, preload=True, verbose="ERROR")
    microvolts: Float64s = epochs.resample(SFREQ_HZ, verbose="ERROR").get_data(copy=False) * 1e6
    return microvolts
