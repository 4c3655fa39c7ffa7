"""Commands up to the features: synth, fetch, import, ingest, preprocess."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from p300.cli.terminal import console, progress
from p300.errors import PartialFailure

if TYPE_CHECKING:
    from p300.domain import Recipe
    from p300.store.objects import ObjectStore

Subjects = Annotated[str, typer.Option(help="subjects, such as 1-10 or 1,3,5-7")]
Workers = Annotated[int, typer.Option(min=1, help="processes at the same time")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace recordings that are there with other bytes")]
Folder = Annotated[Path | None, typer.Option(help="write below this folder instead of the landing zone")]

RecipeChoice = Annotated[
    str | None,
    typer.Option("--recipe", metavar="FILE", help="a recipe as JSON; else that of P300_RECIPE, or the default"),
]

CORES = os.cpu_count() or 1


def synth(
    subjects: Subjects = "1-10",
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same recordings")] = 0,
    folder: Folder = None,
    workers: Workers = CORES,
    overwrite: Overwrite = False,
) -> None:
    """Make synthetic recordings: 16 channels, 512 Hz, 1,188 flashes.

    Example:

      p300 synth --subjects 1-10 --seed 7
    """
    from p300.domain import parse_subjects, subjects_text
    from p300.jobs.recordings import synth as job

    chosen = parse_subjects(subjects)
    with progress("making recordings", len(chosen)) as advance:
        job.synth(_target(folder), chosen, seed=seed, workers=workers, overwrite=overwrite, on_done=advance)
    console.print(f"made recordings of subjects {subjects_text(chosen)} in {_named(folder)}")


def fetch(
    dataset: Annotated[str, typer.Argument(help="a P300 dataset of MOABB, such as bi2014a")],
    subjects: Subjects = "1-10",
    folder: Folder = None,
    overwrite: Overwrite = False,
) -> None:
    """Bring real recordings of a MOABB dataset into our format.

    Needs the extra `moabb` and a network.

    Example:

      p300 fetch bi2014a --subjects 1-10
    """
    from p300.domain import parse_subjects, subjects_text
    from p300.jobs.recordings import fetch as job

    chosen = parse_subjects(subjects)
    with progress(f"fetching {dataset}", len(chosen)) as advance:
        job.fetch(_target(folder), dataset, chosen, overwrite=overwrite, on_done=advance)
    console.print(f"fetched subjects {subjects_text(chosen)} of {dataset} to {_named(folder)}")


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="EDF, BDF, BrainVision, FIF, EEGLAB or XDF files of one subject"),
    ],
    subject: Annotated[int, typer.Option(min=1, help="whose recording this is")],
    target: Annotated[list[str], typer.Option(help="name of a target event; may be given again")],
    nontarget: Annotated[list[str], typer.Option(help="name of a non-target event; may be given again")],
    exclude: Annotated[list[str] | None, typer.Option(help="a channel to leave out; may be given again")] = None,
    folder: Folder = None,
    overwrite: Overwrite = False,
) -> None:
    """Convert a recording of another format.

    Example:

      p300 import run1.vhdr run2.vhdr --subject 3 --target S2 --nontarget S1
    """
    from p300.domain import SubjectId
    from p300.jobs.recordings import import_recording as job

    key = job.import_recording(
        _target(folder),
        files,
        SubjectId(subject),
        target=target,
        nontarget=nontarget,
        exclude=exclude or (),
        overwrite=overwrite,
    )
    console.print(f"wrote {key}")


def ingest(
    source: Annotated[
        Path | None, typer.Option(help="first copy the next batch of this folder to the landing zone")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch_size", min=1, help="subjects in one batch")] = 5,
    replace: Annotated[
        bool, typer.Option("--replace", help="let a recording replace another of the same subject")
    ] = False,
) -> None:
    """Check landed recordings: good ones become raw data.

    Broken ones are set aside with the reason, and the command says so at its end.

    Example:

      p300 ingest --source data --batch_size 5
    """
    from p300.domain import subjects_text
    from p300.jobs.recordings import ingest as job
    from p300.store.layout import LANDING, RAW, REJECTED_PREFIX

    store = open_own_store()
    landed = job.Landed()
    if source is not None:
        landed = job.land(source, store, batch_size=batch_size, replace=replace)
        console.print(f"landed subjects {subjects_text(landed.subjects)}")
    with progress("ingesting", len(job.landed_keys(store))) as advance:
        done = job.ingest(store, batch_size=batch_size, replace=replace, on_done=advance)
    console.print(f"ingested subjects {subjects_text(done.moved)} to {RAW}")
    if done.rejected:
        console.print(f"the others and the reasons are in {LANDING}/{REJECTED_PREFIX}")
    if failed := landed.problems | done.rejected:
        raise PartialFailure("ingested", failed)


def preprocess(
    subjects: Annotated[str | None, typer.Option(help="only these, such as 1-5; without it every raw subject")] = None,
    workers: Workers = CORES,
    scheduler: Annotated[
        str | None, typer.Option(help="a Dask scheduler, tcp://host:port, instead of processes")
    ] = None,
    recipe: RecipeChoice = None,
) -> None:
    """Make the features of raw subjects, where missing or stale.

    Example:

      p300 preprocess --workers 2
    """
    from p300.domain import parse_subjects, subjects_text
    from p300.jobs.recordings import preprocess as job
    from p300.store.layout import RAW
    from p300.store.subjects import stored_subjects

    store, by_recipe = open_own_store(), recipe_of(recipe)
    chosen = parse_subjects(subjects) if subjects is not None else stored_subjects(store, RAW)
    with progress("preprocessing", len(chosen)) as advance:
        done = job.preprocess(store, by_recipe, subjects=chosen, workers=workers, scheduler=scheduler, on_done=advance)
    console.print(f"made features of subjects {subjects_text(done.made)}; current: {subjects_text(done.current)}")


def recipe_of(choice: str | None) -> "Recipe":
    """The recipe of ``--recipe``, else of the settings."""
    from p300.jobs.recordings.chosen_recipe import chosen_recipe
    from p300.settings import RecipeSettings, read_settings

    return chosen_recipe(choice or read_settings(RecipeSettings).recipe)


def open_own_store() -> "ObjectStore":
    """The store of the settings."""
    from p300.settings import StoreSettings, read_settings
    from p300.store.objects import open_store

    return open_store(read_settings(StoreSettings).store_url)


def _target(folder: Path | None) -> "Path | ObjectStore":
    return folder if folder is not None else open_own_store()


def _named(folder: Path | None) -> str:
    from p300.store.layout import LANDING

    return str(folder or LANDING)
