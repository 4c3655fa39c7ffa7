"""What is counted is what Prometheus reads."""

from prometheus_client import generate_latest

from p300.serving.metrics import Metrics


def test_requests_are_told_by_alias_route_and_status() -> None:
    metrics = Metrics()
    for status, n_epochs, duration_s in ((200, 3, 0.0004), (200, 1, 0.002), (422, 0, 7.0)):
        metrics.meter("champion", "predict").count(status, n_epochs, duration_s)
    metrics.meter("", "other").count(404, 0, 0.001)
    route = {"alias": "champion", "route": "predict"}
    value = metrics.collection.get_sample_value
    assert value("p300_requests_total", route | {"status": "200"}) == 2
    assert value("p300_requests_total", route | {"status": "422"}) == 1
    assert value("p300_requests_total", {"alias": "", "route": "other", "status": "404"}) == 1
    assert value("p300_epochs_total", route) == 4
    assert value("p300_request_seconds_count", route) == 3
    assert value("p300_request_seconds_sum", route) == 7.0024
    buckets = {
        bound: value("p300_request_seconds_bucket", route | {"le": bound}) for bound in ("0.0005", "0.0025", "+Inf")
    }
    assert buckets == {"0.0005": 1, "0.0025": 2, "+Inf": 3}


def test_a_duration_on_a_bound_is_in_its_bucket() -> None:
    metrics = Metrics()
    metrics.meter("champion", "infer").count(200, 1, 0.001)
    labels = {"alias": "champion", "route": "infer", "le": "0.001"}
    assert metrics.collection.get_sample_value("p300_request_seconds_bucket", labels) == 1


def test_prometheus_can_read_it() -> None:
    metrics = Metrics()
    metrics.meter("champion", "predict").count(200, 1, 0.01)
    metrics.close_connection("idle")
    text = generate_latest(metrics.collection).decode()
    assert 'p300_request_seconds_bucket{alias="champion",le="0.01",route="predict"} 1.0' in text
    assert 'p300_connections_closed_total{reason="idle"} 1.0' in text
