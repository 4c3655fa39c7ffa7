"""What the DAGs call: steps that Airflow runs itself, and jobs that run in containers of their own."""
