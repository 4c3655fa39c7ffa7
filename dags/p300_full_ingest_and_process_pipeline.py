"""From new recordings to features.

1. **land**: the next `batch_size` subjects of the folder `source` arrive in the landing zone; with `replace`, those
   whose recording is another than before too.
2. **ingest**: whatever is in the landing zone becomes raw data, or is set aside with a reason.
3. **check_rejected** fails if more is set aside than **rejected_before**, or the folder holds what is no subject's
   recording; its log says what and why. Good ones go on.
4. **preprocess**: every raw subject without current features gets a container of its own, and two retries.
5. **features_changed** updates the asset `p300-processed-features`, once, if there are new features.

A subject that fails to the end fails the run, when the others are done. Run it again at any time: with
nothing new it succeeds and does nothing. A run that is triggered during another one waits for it.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, Param, ParamsDict, TriggerRule, dag, task, task_group
from p300_airflow import steps
from p300_airflow.job import PREPROCESSING
from p300_airflow.runner import job_operator

from p300.store.layout import FEATURES

FEATURE_TABLES = Asset(FEATURES, uri=f"s3://{FEATURES}")


@task
def rejected_before() -> list[str]:
    return steps.rejections()


@task
def land(params: ParamsDict) -> list[str]:
    return steps.land(params["source"], params["batch_size"], replace=params["replace"])


@task
def ingest(params: ParamsDict) -> list[str]:
    return steps.ingest(params["batch_size"], replace=params["replace"])


@task
def check_rejected(before: list[str], params: ParamsDict) -> None:
    steps.check_rejected(before, params["source"])


@task
def unprocessed() -> list[str]:
    return steps.unprocessed()


@task_group
def each_subject(subject: str) -> None:
    job_operator(PREPROCESSING, [subject], task_id="preprocess", max_active_tis_per_dagrun=2)


@task(outlets=[FEATURE_TABLES], trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def features_changed() -> None:
    """Nothing but the update of the asset, which comes with success."""


@dag(
    schedule=None,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "batch_size": Param(5, type="integer", minimum=1, description="at most so many new subjects"),
        "replace": Param(False, type="boolean", description="let recordings replace others of the same subjects"),
        "source": Param("/opt/p300/data", type="string", minLength=1, description="folder of subject files"),
    },
    doc_md=__doc__,
    tags=["p300"],
)
def p300_full_ingest_and_process_pipeline() -> None:
    # A run is as good as its last tasks: without this one, the asset's would hide subjects that failed.
    every_subject_done = EmptyOperator(task_id="every_subject_done", trigger_rule=TriggerRule.NONE_FAILED)

    before, subjects = rejected_before(), unprocessed()
    before >> land() >> ingest() >> [check_rejected(before), subjects]
    each_subject.expand(subject=subjects) >> [features_changed(), every_subject_done]


p300_full_ingest_and_process_pipeline()
