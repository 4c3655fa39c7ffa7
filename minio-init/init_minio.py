"""Make the platform's buckets; running it again changes nothing."""

from p300.cli.entry import run_script
from p300.settings import load_settings
from p300.store.layout import BUCKETS
from p300.store.objects import open_store


def main() -> None:
    """Make every bucket that is missing.

    Example: [bold]P300_STORE_URL=s3:// python init_minio.py[/]
    """
    store = open_store(load_settings().store_url)
    for bucket in BUCKETS:
        store.make_bucket(bucket)


if __name__ == "__main__":
    run_script(main)
