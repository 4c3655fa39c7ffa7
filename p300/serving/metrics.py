"""What Prometheus is told. Children are kept by their labels: looking labels up would cost more than counting."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from p300.wire import ModelIdentity

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
OK = 200


class Metrics:
    """All the metrics of one service, in a collection of their own."""

    def __init__(self) -> None:
        self.collection = CollectorRegistry()
        self._meters: dict[tuple[str, str], Meter] = {}
        route = ("alias", "route")
        self.requests = self._counter("p300_requests", "Requests answered", *route, "status")
        self.epochs = self._counter("p300_epochs", "Epochs predicted", *route)
        self.latency = Histogram(
            "p300_request_seconds",
            "From the headers of a request to its answer",
            route,
            buckets=LATENCY_BUCKETS_S,
            registry=self.collection,
        )
        self.swaps = self._counter("p300_model_swaps", "Versions put in service", "alias")
        self.load_failures = self._counter("p300_model_load_failures", "Versions that could not be loaded", "alias")
        self.registry_up = Gauge(
            "p300_registry_up", "Whether MLflow answered last time", ("alias",), registry=self.collection
        )
        self.model = Gauge(
            "p300_model_info",
            "The version in service under each alias",
            ("alias", "version", "run_id"),
            registry=self.collection,
        )

    def meter(self, alias: str, route: str) -> "Meter":
        """The metrics of one alias and route."""
        meter = self._meters.get((alias, route))
        if meter is None:
            meter = self._meters[alias, route] = Meter(self, alias, route)
        return meter

    def serve(self, model: ModelIdentity) -> None:
        """Note that a version answers from now on."""
        self.model.labels(model.alias, str(model.version), model.run_id).set(1)
        self.swaps.labels(model.alias).inc()

    def retire(self, model: ModelIdentity) -> None:
        """Note that a version does not answer any more."""
        self.model.remove(model.alias, str(model.version), model.run_id)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.collection)


class Meter:
    """Counts the requests of one route."""

    def __init__(self, metrics: Metrics, alias: str, route: str) -> None:
        self._metrics = metrics
        self._labels = (alias, route)
        self._answered = metrics.requests.labels(alias, route, str(OK))
        self._epochs = metrics.epochs.labels(alias, route)
        self._latency = metrics.latency.labels(alias, route)

    def count(self, status: int, n_epochs: int, duration_s: float) -> None:
        if status == OK:
            self._answered.inc()
            self._epochs.inc(n_epochs)
        else:
            self._metrics.requests.labels(*self._labels, str(status)).inc()
        self._latency.observe(duration_s)
