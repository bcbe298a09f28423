"""What makes each shipped alert fire, and what just does not: series for `promtool test rules`.

The limits stand here a second time, on purpose: the tests compare what was meant with what is shipped.
"""

import dataclasses
import pathlib
import shutil
import sys

ENVIRONMENTS = ("development", "testing", "staging", "production")
BOUNDS = ("0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05")
BOUNDS += ("0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
MINUTES = 40  # that the series of most cases last
MEBIBYTE = 1 << 20

# In the order of ENVIRONMENTS.
LIMITS = {
    "MMFHighErrorRate": (0.2, 0.2, 0.05, 0.01),
    "MMFHighLatency": (5, 5, 1, 0.5),
    "MMFCorrelationTrackingFailure": (0.5, 0.5, 0.2, 0.1),
    "MMFHighMemoryUsage": tuple(mebibytes * MEBIBYTE for mebibytes in (4096, 4096, 2048, 1024)),
    "MMFHighCPUUsage": (0.95, 0.95, 0.9, 0.8),
    "MMFDatabaseConnectionFailure": (0.2, 0.2, 0.05, 0.01),
    "MMFPluginErrors": (0.2, 0.2, 0.05, 0.02),
    "MMFPluginHighLatency": (5, 5, 2.5, 1),
    "MMFPluginFailureSpike": (8, 8, 5, 3),
}
SEVERITIES = {"critical": ("info", "info", "warning", "critical"), "warning": ("info", "info", "warning", "warning")}


@dataclasses.dataclass
class Check:
    """Whether an alert fires at a time, with these labels."""

    alert: str
    title: str
    fires: bool
    time: str
    labels: dict


def skip_without(*programs):
    for program in programs:
        if shutil.which(program) is None:
            print(f"skipped: {program} is not here (Debian's package prometheus)")
            sys.exit(77)


def copy_configuration(source, folder, environment):
    """What a Prometheus for one environment is started with: prometheus.yml, rules/, and
    targets/ and alertmanagers/, which name nobody."""
    source, folder = pathlib.Path(source), pathlib.Path(folder)
    (folder / "rules").mkdir()
    for name in ("targets", "alertmanagers"):
        shutil.copytree(source / "prometheus" / name, folder / name)
    shutil.copy(source / "prometheus" / "prometheus.yml", folder)
    for rules in (environment, "slo"):
        shutil.copy(source / "rules" / f"{rules}.yaml", folder / "rules")


def steady(per_interval, count=MINUTES):
    """A counter that grows evenly."""
    return f"0+{per_interval:g}x{count}"


def phases(*parts):
    """A counter in phases: for so many intervals it grows by so much."""
    values, total = [], 0
    for count, growth in parts:
        values.append(f"{total:.0f}+{growth:.0f}x{count - 1}")
        total += growth * count
    return " ".join([*values, f"{total:.0f}"])


def counters(name, labels, shares, count=MINUTES):
    """Series that grow by 100000 an interval together: {"200": 0.9, "500": 0.1} by the label that differs."""
    label, parts = shares
    return {
        f'{name}{{{labels},{label}="{value}"}}': steady(round(100_000 * share), count) for value, share in parts.items()
    }


def durations(name, labels, limit, slow, count=MINUTES):
    """A histogram of whose values the share `slow` is in the bucket above `limit`."""
    beyond = BOUNDS[BOUNDS.index(f"{limit:g}") + 1]
    series = {}
    for bound in BOUNDS:
        share = 0 if float(bound) < limit else 1 - slow if float(bound) < float(beyond) else 1
        series[f'{name}_bucket{{{labels},le="{bound}"}}'] = steady(round(100_000 * share), count)
    series[f"{name}_count{{{labels}}}"] = steady(100_000, count)
    return series


def around(limit):
    """(fires, value): a little above, a little below."""
    return ((True, limit * 1.02), (False, limit * 0.98))


def service_down(_):
    target = 'up{service="petstore",job="marty",instance="a:1"}'
    yield "an instance that cannot be scraped", True, {target: f"1x5 0x{MINUTES}"}
    yield "one scrape that failed", False, {target: f"1x{MINUTES - 1} 0"}
    yield "a target that is no service", False, {'up{job="node",instance="a:2"}': f"0x{MINUTES}"}


def high_error_rate(limit):
    labels = 'service="petstore",method="GET",route="/api/v1/pets"'
    for fires, share in around(limit):
        parts = {"200": 1 - share, "503": share}
        yield f"{share:.2%} fail", fires, counters("mmf_requests_total", labels, ("status", parts))
    client = counters("mmf_requests_total", labels, ("status", {"200": 0.1, "404": 0.9}))
    yield "clients that ask for the wrong", False, client
    probes = 'service="petstore",method="GET",route="/health/ready"'
    yield "probes that are answered by 503", False, {
        **counters("mmf_requests_total", probes, ("status", {"503": 1})),
        **counters("mmf_requests_total", labels, ("status", {"200": 1})),
    }


def high_latency(limit):
    labels = 'service="petstore",method="GET",route="/api/v1/pets",status="200"'
    for fires, slow in ((True, 0.055), (False, 0.045)):
        yield f"{slow:.1%} slower than {limit} s", fires, durations("mmf_request_duration_seconds", labels, limit, slow)


def correlation_failures(limit):
    requests = counters("mmf_requests_total", 'service="petstore"', ("status", {"200": 1}))
    for fires, share in around(limit):
        parts = {"traceparent": share / 2, "untrusted_identity": share / 2, "baggage": 0}
        rejected = counters("mmf_correlation_rejected_total", 'service="petstore"', ("reason", parts))
        yield f"{share:.2%} rejected", fires, {**requests, **rejected}


def high_memory(limit):
    for fires, value in around(limit):
        series = {'process_resident_memory_bytes{service="petstore",instance="a:1"}': f"{value:.0f}x{MINUTES}"}
        yield f"{value / MEBIBYTE:.0f} MiB", fires, series


def high_cpu(limit):
    for fires, busy in around(limit):
        series = {'process_cpu_seconds_total{service="petstore",instance="a:1"}': steady(60 * 2 * busy)}
        for loop in "01":
            series[f'mmf_event_loop_lag_seconds_count{{service="petstore",instance="a:1",loop="{loop}"}}'] = steady(60)
        yield f"two loops, {busy:.1%} busy", fires, series


def database_failures(limit):
    labels = 'service="petstore",operation="select",table="pets"'
    for fires, share in around(limit):
        parts = {"ok": 1 - share, "unavailable": share / 2, "deadline_exceeded": share / 2}
        yield f"{share:.2%} fail", fires, counters("mmf_database_operations_total", labels, ("status", parts))
    parts = {"ok": 0.1, "already_exists": 0.5, "aborted": 0.4}
    yield "conflicts", False, counters("mmf_database_operations_total", labels, ("status", parts))


def plugin_errors(limit):
    labels = 'service="petstore",plugin_id="payments",operation="charge"'
    for fires, share in around(limit):
        parts = {"ok": 1 - share, "internal": share}
        yield f"{share:.2%} fail", fires, counters("mmf_plugin_operations_total", labels, ("status", parts))


def plugin_latency(limit):
    labels = 'service="petstore",plugin_id="payments",operation="charge"'
    for fires, slow in ((True, 0.055), (False, 0.045)):
        series = durations("mmf_plugin_operation_duration_seconds", labels, limit, slow)
        yield f"{slow:.1%} slower than {limit} s", fires, series


def plugin_spike(limit):
    """Over 71 minutes, of which the last 6 have `burst` times the failures of those before."""
    series = 'mmf_plugin_operations_total{service="petstore",plugin_id="payments",operation="charge",status="internal"}'
    for fires, times in ((True, limit * 1.15), (False, limit * 0.85)):
        burst = 54 * times / (60 - 6 * times)  # the hour's rate is (54 + 6 * burst) / 60
        yield f"{times:.2f} times the hour", fires, {series: phases((65, 600), (6, 600 * burst))}
    yield "a failure now and then", False, {series: phases((65, 0), (6, 1))}


def alerts_in(environment):
    """(series, check) for every alert of an environment; series by promtool's notation, a value each minute."""
    at = ENVIRONMENTS.index(environment)
    kinds = {
        "MMFServiceDown": ("critical", service_down, f"{MINUTES}m"),
        "MMFHighErrorRate": ("critical", high_error_rate, f"{MINUTES}m"),
        "MMFHighLatency": ("warning", high_latency, f"{MINUTES}m"),
        "MMFCorrelationTrackingFailure": ("warning", correlation_failures, f"{MINUTES}m"),
        "MMFHighMemoryUsage": ("warning", high_memory, f"{MINUTES}m"),
        "MMFHighCPUUsage": ("warning", high_cpu, f"{MINUTES}m"),
        "MMFDatabaseConnectionFailure": ("critical", database_failures, f"{MINUTES}m"),
        "MMFPluginErrors": ("warning", plugin_errors, f"{MINUTES}m"),
        "MMFPluginHighLatency": ("warning", plugin_latency, f"{MINUTES}m"),
        "MMFPluginFailureSpike": ("critical", plugin_spike, "71m"),
    }
    for alert, (severity, cases, time) in kinds.items():
        limit = LIMITS[alert][at] if alert in LIMITS else None
        labels = {"service": "petstore", "environment": environment, "severity": SEVERITIES[severity][at]}
        for title, fires, series in cases(limit):
            # Where it must not fire, under no labels at all.
            yield series, Check(alert, title, fires, time, labels if fires else {})


def burn_cases():
    """The objectives: availability 99.9 % over 30 days, 95 % below 500 ms and success 99 % over 7 days.

    One test of promtool for all: each scenario is a service of its own.
    """
    scenarios = []  # objective, title, (intervals, share of bad requests)..., which alerts fire at the end
    for slo, budget in (("availability", 0.001), ("latency", 0.05), ("success", 0.01)):
        for rate, alerts in ((6.1, {"page", "ticket"}), (5.9, {"ticket"}), (1.02, {"ticket"}), (0.98, set())):
            scenarios.append((slo, f"three hours at {rate} times the budget", [(720, rate * budget)], alerts))
    clean = (1440, 0)
    scenarios += [
        ("availability", "twelve minutes of errors: the fast pair of windows", [clean, (48, 0.1)], {"page", "ticket"}),
        ("availability", "a minute of errors: the long windows keep still", [clean, (4, 0.3)], set()),
        ("availability", "errors that are over: short windows keep still", [clean, (240, 0.1), (160, 0)], {"ticket"}),
    ]
    series, checks = {}, []
    for number, (slo, title, parts, alerts) in enumerate(scenarios):
        series.update(bad_requests(f"s{number}", slo, *parts))
        time = f"{sum(count for count, _ in parts) * 15}s"
        for severity in ("page", "ticket"):
            labels = {"service": f"s{number}", "slo": slo, "severity": severity}
            checks.append(Check("MMFErrorBudgetBurn", f"{slo}: {title}", severity in alerts, time, labels))
    return series, checks


def bad_requests(service, slo, *parts):
    """Series of which in each phase that share of the requests is bad by an objective."""
    labels = f'service="{service}",method="GET",route="/api/v1/pets"'
    whole = phases(*((count, 100_000) for count, _ in parts))
    good = phases(*((count, 100_000 * (1 - share)) for count, share in parts))
    bad = phases(*((count, 100_000 * share) for count, share in parts))
    if slo == "latency":
        name = "mmf_request_duration_seconds"
        labels += ',status="200"'
        return {f'{name}_bucket{{{labels},le="0.5"}}': good, f"{name}_count{{{labels}}}": whole}
    status = "500" if slo == "availability" else "404"
    name = "mmf_requests_total"
    return {f'{name}{{{labels},status="200"}}': good, f'{name}{{{labels},status="{status}"}}': bad}
