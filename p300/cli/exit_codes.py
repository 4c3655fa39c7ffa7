"""What the end of a command tells a shell; `p300 --help` says the same to people."""

from p300.errors import InvalidInput, InvalidRecording, P300Error

FAILED = 1
UNUSABLE = 2
KEEP = 3
UNDECIDED = 4
INTERRUPTED = 130  # 128 and SIGINT's number, as shells count
READER_GONE = 141  # 128 and SIGPIPE's number

MEANINGS = {
    0: "done",
    FAILED: "not done, or not all of it; a sentence says why",
    UNUSABLE: "an option, a setting or a file breaks the rules",
    KEEP: "compared: keep the champion",
    UNDECIDED: "compared: undecided",
    INTERRUPTED: "interrupted by Ctrl-C",
    READER_GONE: "whoever read the output has gone",
}

# The first that fits. A recording is data: that one of many cannot be used is no fault of the command line.
_CODES: tuple[tuple[type[P300Error], int], ...] = ((InvalidRecording, FAILED), (InvalidInput, UNUSABLE))


def exit_code_of(error: P300Error) -> int:
    """The exit code that an error of ours ends a command with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def exit_codes_text() -> str:
    """All of them, for the end of a help text."""
    return "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items()) + "."
