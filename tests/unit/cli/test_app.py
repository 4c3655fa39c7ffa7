"""The command as a shell starts it: in a bare environment, in any terminal, and with the typing errors of people."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from p300.cli.exit_codes import exit_codes_text

P300 = [sys.executable, "-m", "p300"]
# What a help text must do without: each of them takes longer to import than the help to write.
HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "mlflow", "mne", "sklearn", "matplotlib", "boto3", "httpx", "rich"}
LIST_MODULES = """
import atexit, sys
from p300.__main__ import main
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.argv = ["p300", *sys.argv[1:]]
main()
"""


def run(
    *arguments: str, program: list[str] = P300, folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with no environment but these variables, as ``env -i`` does."""
    return subprocess.run(
        [*program, *arguments],
        env={"PATH": os.defpath, **variables},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["simulate", "--help"], ["train", "--fast"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = run(*arguments, program=[sys.executable, "-c", LIST_MODULES])
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    heavy = HEAVY if "--help" in arguments else HEAVY - {"rich"}  # an error is written by Rich
    assert "typer" in imported
    assert imported & heavy == set()


@pytest.mark.parametrize("columns", ["20", "80", "200"])
def test_help_in_an_ascii_terminal_of_any_width(columns: str) -> None:
    for arguments in (["--help"], ["train", "--help"], []):
        done = run(
            *arguments, COLUMNS=columns, LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: p300")


def test_help_says_what_exit_codes_mean() -> None:
    assert exit_codes_text() in " ".join(run("--help").stdout.split())


def test_every_summary_is_whole_on_eighty_columns() -> None:
    summaries = run("--help", COLUMNS="80").stdout.partition("Commands:")[2].partition("Exit codes")[0]
    assert len(summaries.splitlines()) > 10
    assert "..." not in summaries


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["predict"], "error: No such command 'predict'; p300 --help shows what there is"),
        (["train", "--fast"], "error: No such option: --fast; p300 train --help shows what there is"),
        (["import", "--subject", "1"], "error: Missing argument 'FILE'; p300 import --help shows what there is"),
        (["train", "--subjects", ""], "error: Invalid value for --subjects: it is empty: is a variable not set?"),
        (["train", "--subjects="], "error: Invalid value for --subjects: it is empty"),
        (["train", "--candidate", " "], "error: Invalid value for --candidate: it is empty"),
        (["ingest", "--source", ""], "error: Invalid value for --source: it is empty"),
        (["simulate", ""], "error: Invalid value for an argument: it is empty"),
        (["preprocess", "--recipe", "r[b]\u00b5.json"], "error: r[b]\\xb5.json is no recipe"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    done = run(*arguments, folder=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert (done.returncode, done.stdout) == (2, "")
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert lines[0].startswith(sentence)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_and_a_folder_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my work"
    folder.mkdir()
    made = run("synth", "--subjects", "1", "--workers", "1", "--folder", "my [b] data", folder=folder, HOME=os.devnull)
    assert (made.returncode, made.stdout) == (0, "made recordings of subjects 1 in my [b] data\n")
    landed = run("ingest", "--source", "my [b] data", folder=folder, HOME=os.devnull)
    assert landed.returncode == 0, landed.stderr
    assert "ingested subjects 1 to p300-raw-data" in landed.stdout
    assert "1/1" in landed.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["synth", "--subjects", "1", "--workers", "1"]])
def test_a_reader_who_leaves_ends_it_quietly(arguments: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {"PATH": os.defpath}
    done = subprocess.run(
        [*P300, *arguments], env=environment, cwd=tmp_path, check=False, stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert done.returncode == 141
    assert b"Error" not in done.stderr
    assert b"error" not in done.stderr


def test_ctrl_c_ends_it_with_a_sentence(tmp_path: Path) -> None:
    command = [*P300, "synth", "--subjects", "1-99", "--workers", "1"]
    # As from a terminal: what a shell starts in the background is told to ignore Ctrl-C, and so are its children.
    listening = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        env={"PATH": os.defpath},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listening,  # noqa: PLW1509  (no other thread runs here)
    ) as process:
        while not list(tmp_path.rglob("*.parquet")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted: run the same command again to go on"
    assert "Traceback" not in said
