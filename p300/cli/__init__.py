"""The ``p300`` command: one subcommand a job, each the function that services and DAGs call too."""
