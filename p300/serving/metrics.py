"""What Prometheus is told.

What is counted with each request are plain numbers of :class:`Meter`, which become metrics when somebody asks: the
client library's counters, made for threads, would take as long as the model. Requests are counted by one thread.
"""

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from p300.wire import ModelIdentity

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
OK = 200

_BOUNDS = [*map(floatToGoString, LATENCY_BUCKETS_S), "+Inf"]


class Metrics:
    """All the metrics of one service, in a collection of their own."""

    def __init__(self) -> None:
        self.collection = CollectorRegistry()
        self._meters: dict[tuple[str, str], Meter] = {}
        self.collection.register(_Requests(self._meters))
        self.closed = self._counter(
            "p300_connections_closed", "Connections closed that their client had not closed", "reason"
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
        """What counts the requests of one alias and route."""
        meter = self._meters.get((alias, route))
        if meter is None:
            meter = self._meters[alias, route] = Meter()
        return meter

    def close_connection(self, reason: str) -> None:
        """Note that a connection was closed on its client, and why."""
        self.closed.labels(reason).inc()

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
    """Counts the requests of one alias and route."""

    def __init__(self) -> None:
        self.by_status: Counts[int] = Counts({OK: 0})
        self.n_epochs = 0
        self.n_faster = [0] * len(_BOUNDS)  # requests in each bucket, the slowest last
        self.seconds = 0.0

    def count(self, status: int, n_epochs: int, duration_s: float) -> None:
        self.by_status[status] += 1
        self.n_epochs += n_epochs
        self.n_faster[bisect_left(LATENCY_BUCKETS_S, duration_s)] += 1
        self.seconds += duration_s


class _Requests(Collector):
    """The numbers of all meters as metrics."""

    def __init__(self, meters: dict[tuple[str, str], Meter]) -> None:
        self._meters = meters

    def collect(self) -> Iterator[Metric]:
        route = ("alias", "route")
        requests = CounterMetricFamily("p300_requests", "Requests answered", labels=(*route, "status"))
        epochs = CounterMetricFamily("p300_epochs", "Epochs predicted", labels=route)
        latency = HistogramMetricFamily(
            "p300_request_seconds", "From the headers of a request to its answer", labels=route
        )
        for labels, meter in list(self._meters.items()):
            for status, number in list(meter.by_status.items()):
                requests.add_metric((*labels, str(status)), number)
            epochs.add_metric(labels, meter.n_epochs)
            buckets = list(zip(_BOUNDS, accumulate(meter.n_faster), strict=True))
            latency.add_metric(labels, buckets, meter.seconds)
        yield from (requests, epochs, latency)
