"""The pages that people use, in a real browser: Airflow's and MLflow's.

They need the dependency group `browser` and Debian's package `chromium`. With `P300_SCREENSHOTS=1` in the environment,
the two screenshots of the documentation are taken anew.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from p300.domain import CHALLENGER, CHAMPION, MODEL_NAME, SubjectId
from p300.registry import ModelVersion
from p300.store.layout import FEATURES, RAW
from p300.store.subjects import stored_subjects
from tests.compose import platform
from tests.compose.shell import ROOT, await_true, sh
from tests.compose.traffic import traffic
from tests.containers import do_without

REQUIRED = bool(os.environ.get("P300_REQUIRE_SERVERS"))
if not REQUIRED:
    pytest.importorskip("playwright", reason="the dependency group browser is not installed: no page is looked at")
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright  # noqa: E402

AIRFLOW_URL = platform.ENVIRONMENT.url("AIRFLOW_PORT")
PAGE_WITHIN_MS = 60_000
RUN_WITHIN_MS = 400_000
LIVE_WITHIN_S = 10.0
THREE = [SubjectId(number) for number in (1, 2, 3)]
NODES = 9  # of the graph: eight tasks, and the group of the mapped one

# It looks at this machine only: nothing of its own goes out. In a container and as root there is no sandbox.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        do_without("there is no Chromium here (Debian's package chromium): no page is looked at")
    expect.set_options(timeout=PAGE_WITHIN_MS)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=FLAGS) as process,
    ):
        yield process


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of somebody who was never here before."""
    with browser.new_page(viewport={"width": 1400, "height": 760}, color_scheme="light") as page:
        page.set_default_timeout(PAGE_WITHIN_MS)
        yield page


@pytest.fixture
def airflow(page: Page) -> Page:
    """Airflow, after the login."""
    page.goto(AIRFLOW_URL)
    page.get_by_role("textbox", name="Username").fill("admin")
    page.get_by_role("textbox", name="Password").fill(platform.ENVIRONMENT.value("AIRFLOW_ADMIN_PASSWORD"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    return page


@pytest.fixture
def mlflow(page: Page) -> Page:
    """MLflow, with its pages for models and without its assistant, which is open at the first visit."""
    page.goto(platform.MLFLOW_URL)
    page.get_by_role("button", name="Model training").click()
    page.get_by_role("button", name="Close", exact=True).click()
    return page


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Folder of the screenshots."""
    return ROOT / "docs" if os.environ.get("P300_SCREENSHOTS") == "1" else tmp_path


@pytest.fixture
def newest() -> ModelVersion:
    return platform.registry().versions()[0]


@pytest.fixture
def champion() -> Iterator[ModelVersion]:
    """The champion, and afterwards again."""
    version = platform.version_under(CHAMPION)
    yield version
    platform.registry().set_alias(CHAMPION, version.version)
    await_true(
        lambda: served_by_replicas() == {version.version},
        within_s=LIVE_WITHIN_S,
        what="the champion is back everywhere",
    )


def served_by_replicas() -> set[int]:
    """The versions that the champion's replicas serve, each asked itself."""
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/health/ready').read().decode())"
    replicas = platform.containers("model-serving-champion")
    answers = [sh(f'docker exec {replica} python -c "{ask}"') for replica in replicas]
    return {int(version) for answer in answers for version in re.findall(r'"version":(\d+)', answer)}


def row_of(page: Page, version: int) -> Locator:
    """A version's row in the table of the model's versions."""
    link = page.get_by_role("link", name=f"Version {version}", exact=True)
    return page.get_by_role("row").filter(has=link)


def test_the_pipeline_is_triggered_by_its_button(airflow: Page, pictures: Path) -> None:
    store = platform.store()
    platform.forget_features(THREE)

    airflow.get_by_role("link", name="Dags", exact=True).click()
    airflow.get_by_role("link", name=platform.DAG).first.click()
    airflow.get_by_role("button", name="Trigger Dag").click()
    with airflow.expect_response(lambda answer: answer.request.method == "POST" and "dagRuns" in answer.url) as made:
        airflow.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    run_id = made.value.json()["dag_run_id"]

    airflow.goto(f"{AIRFLOW_URL}/dags/{platform.DAG}/runs/{run_id}")
    airflow.get_by_role("button", name="Show Graph").click()
    airflow.get_by_role("button", name="Expand all task groups").click()
    airflow.get_by_role("link", name="preprocess [").click()
    expect(airflow).to_have_url(re.compile(re.escape(run_id)))
    for subject in THREE:
        mapped = airflow.get_by_role("row", name=f"subject_{subject:02}")
        expect(mapped.get_by_text("Success", exact=True)).to_be_visible(timeout=RUN_WITHIN_MS)
    expect(airflow.get_by_text("success", exact=True)).to_have_count(NODES, timeout=RUN_WITHIN_MS)
    await_true(lambda: platform.dag_runs()[run_id] == "success", within_s=60, what=f"{run_id} succeeds")

    airflow.mouse.move(0, 0)  # or what lay under it would cover the tasks with its description
    airflow.reload()
    expect(airflow.get_by_text("success", exact=True)).to_have_count(NODES)
    expect(airflow.get_by_role("row").get_by_text("Success", exact=True)).to_have_count(len(THREE))
    airflow.screenshot(path=pictures / "airflow.png")
    assert stored_subjects(store, FEATURES) == stored_subjects(store, RAW)


def test_the_run_of_the_newest_version_shows_its_figures(mlflow: Page, newest: ModelVersion) -> None:
    mlflow.get_by_role("link", name="Experiments", exact=True).click()
    mlflow.get_by_role("link", name="p300-training").click()
    mlflow.locator(f"a[href$='/runs/{newest.run_id}']").click()

    auc = platform.registry().metrics(newest)["loso_mean_auc"]
    expect(mlflow.get_by_role("row").filter(has_text="loso_mean_auc")).to_contain_text(str(auc)[:7])

    mlflow.get_by_role("tab", name="Artifacts").click()
    mlflow.get_by_text("figures").click()
    for name in ("auc.png", "confusion.png", "evoked.png", "rejections.png", "roc.png"):
        mlflow.get_by_role("listitem").get_by_text(name).last.click()
        figure = mlflow.get_by_role("img", name=f"figures/{name}")
        expect(figure).to_be_visible()
        figure.evaluate("image => image.decode()")  # fails if what came is no image


def test_the_champion_is_moved_by_hand(mlflow: Page, champion: ModelVersion, pictures: Path) -> None:
    challenger = platform.version_under(CHALLENGER).version
    assert challenger != champion.version, "the walkthrough leaves a challenger that is not the champion"
    mlflow.get_by_role("link", name="Model registry").click()
    mlflow.get_by_role("dialog").get_by_role("button", name="Close").click()  # what is new in MLflow
    mlflow.get_by_role("link", name=MODEL_NAME).click()
    expect(row_of(mlflow, champion.version).get_by_role("status", name=CHAMPION)).to_be_visible()
    aliases = row_of(mlflow, challenger).get_by_role("cell", name=CHALLENGER)
    expect(aliases).to_be_visible()
    mlflow.screenshot(path=pictures / "mlflow.png")

    aliases.get_by_role("button").click()
    dialog = mlflow.get_by_role("dialog", name=f"Add/Edit alias for model version {challenger}")
    dialog.get_by_role("combobox").fill(CHAMPION)
    dialog.get_by_role("combobox").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text(f"remove it from version {champion.version}")
    with traffic() as seen:
        dialog.get_by_role("button", name="Save aliases").click()
        moved_s = time.monotonic()
        await_true(lambda: served_by_replicas() == {challenger}, within_s=LIVE_WITHIN_S, what="all replicas serve it")
    assert seen.failures == []
    assert seen.last_of(champion.version) - moved_s < LIVE_WITHIN_S
    assert seen.answers[-1].version == challenger

    mlflow.reload()  # MLflow 3.17 goes on to show what it had read before
    expect(row_of(mlflow, challenger).get_by_role("status", name=CHAMPION)).to_be_visible()
    expect(row_of(mlflow, champion.version).get_by_role("status", name=CHAMPION)).to_have_count(0)
