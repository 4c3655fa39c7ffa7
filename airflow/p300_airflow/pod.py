"""Jobs as pods of a Kubernetes cluster: the same images, the way past one machine."""

from collections.abc import Sequence
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

from p300_airflow.job import Job
from p300_airflow.settings import JobSettings

# Of the images: Kubernetes can only tell from a number that it is not root's.
_USER = 10001


def pod_operator(job: Job, arguments: Sequence[Any], settings: JobSettings, **task: Any) -> KubernetesPodOperator:
    """The task that runs a job in a pod of its own, under the restricted pod security standard."""
    memory = f"{job.memory_mib}Mi"
    return KubernetesPodOperator(
        name=job.name,
        namespace=settings.kubernetes_namespace,
        image=settings.image(job.name),
        cmds=list(job.command),
        arguments=list(arguments),
        env_vars=[*_plain({**settings.job_environment, **job.environment}), *_secret(job, settings.kubernetes_secret)],
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "500m", "memory": memory}, limits={"memory": memory}
        ),
        security_context=k8s.V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=_USER,
            run_as_group=_USER,
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
        volumes=[k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource())],
        volume_mounts=[k8s.V1VolumeMount(name="tmp", mount_path="/tmp")],  # noqa: S108  (of the container)
        automount_service_account_token=False,
        on_finish_action="delete_pod",
        do_xcom_push=False,
        map_index_template="{{ task.arguments[-1] }}",
        **task,
    )


def _plain(variables: dict[str, str]) -> list[k8s.V1EnvVar]:
    return [k8s.V1EnvVar(name=name, value=value) for name, value in variables.items()]


def _secret(job: Job, kubernetes_secret: str) -> list[k8s.V1EnvVar]:
    return [
        k8s.V1EnvVar(
            name=name,
            value_from=k8s.V1EnvVarSource(
                secret_key_ref=k8s.V1SecretKeySelector(name=kubernetes_secret, key=key),
            ),
        )
        for name, key in job.secrets.items()
    ]
