"""The Markdown of a run, and its place between the markers of docs/reference/performance.md."""

import datetime
import os
import pathlib
import platform

GOALS_HEAD = ["| what | goal | measured | met |", "| --- | --- | --- | --- |"]


def cpu(sample):
    return sample.cpu_us


def per_second(sample):
    return sample.per_second


def machine():
    """Which core, how many of them, how much memory, which kernel; no names."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    virtual = " (virtual)" if "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text() else ""
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    return f"{os.cpu_count()} cores of {model}{virtual}, {memory_gib:.0f} GiB, Linux {kernel}"


def thousands(value):
    return (
        f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k" if value >= 1e4 else f"{value / 1e3:.1f} k"
    )


def _cost(rounds, name):
    if rounds is None or name not in rounds:
        return "– | –"
    ratio = "1.00" if name == "floor" else f"{rounds.ratio(name, cpu):.2f}"
    return f"{rounds.median(name, cpu):.2f} ({rounds.least(name, cpu):.2f}) | {ratio}"


def _rate(rounds, name):
    return "–" if rounds is None or name not in rounds else thousands(rounds.median(name, per_second))


def peers_table(servers, results):
    """One row a server: CPU per request on one core, and throughput."""
    lines = [
        "| server | GET plaintext: CPU µs med (min) | × floor | POST JSON: CPU µs med (min) | × floor "
        "| plaintext req/s |"
        " JSON req/s | plaintext ×16 pipelined req/s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for server in servers:
        cells = [
            _cost(results.get("plaintext"), server.name),
            _cost(results.get("orders"), server.name),
            *(_rate(results.get(case), server.name) for case in ("plaintext-cross", "orders-cross", "pipelined")),
        ]
        lines.append(f"| {server.label} | " + " | ".join(cells) + " |")
    return lines


def row(what, limit, measured, holds):
    return f"| {what} | {limit} | {measured} | {'yes' if holds else '**no**'} |"


def _ratio_row(results, case, name, what, limit):
    rounds = results.get(case)
    if rounds is None or name not in rounds:
        return []
    ratio = rounds.ratio(name, cpu)
    return [row(what, f"≤ {limit} × floor", f"{ratio:.2f} ×", ratio <= limit)]


def _peers_row(results, case, except_for=()):
    rounds = results.get(case)
    if rounds is None or "marty" not in rounds:
        return []
    ours = rounds.median("marty", cpu)
    others = [name for name in rounds.samples if name not in ("floor", "marty", "marty-quiet", *except_for)]
    ahead = [name for name in others if rounds.median(name, cpu) <= ours]
    what = "JSON" if case == "orders" else "plaintext" + "".join(f", but {name}" for name in except_for)
    measured = f"behind {', '.join(ahead)}" if ahead else "ahead of " + ", ".join(others)
    return [row(f"peers, {what}: CPU per request", "ahead of all", measured, not ahead)] if others else []


def goals_table(results, idle):
    rows = [
        *_ratio_row(results, "plaintext", "marty", "GET plaintext, telemetry on: CPU per request", 1.35),
        *_ratio_row(results, "plaintext", "marty-quiet", "GET plaintext, telemetry off: CPU per request", 1.2),
        *_ratio_row(
            results, "orders", "marty", "POST typed JSON, 500 bytes in and out, validated: CPU per request", 2.0
        ),
        *_peers_row(results, "orders"),
        *_peers_row(results, "plaintext", ("nginx",)),
    ]
    pipelined = results.get("pipelined")
    if pipelined is not None and "marty" in pipelined:
        share = pipelined.ratio("marty", per_second)
        rows.append(row("plaintext, 16 requests pipelined: req/s", "≥ 0.6 × floor", f"{share:.2f} ×", share >= 0.6))
    if idle is not None:
        rows.append(
            row(
                f"{idle.connections:,} idle connections: user memory each",
                "≤ 1.5 KiB",
                f"{idle.bytes_each / 1024:.2f} KiB, {idle.threads_added} threads added",
                idle.bytes_each <= 1536 and idle.threads_added == 0,
            )
        )
        rows.append(
            row(
                "… p99 of active requests, without → with them",
                "unharmed (≤ 1.25 ×)",
                f"{idle.p99_us_without / 1000:.2f} → {idle.p99_us_with / 1000:.2f} ms",
                idle.p99_us_with <= 1.25 * idle.p99_us_without,
            )
        )
    return [*GOALS_HEAD, *rows] if rows else []


def notes(results, skipped, no_pipelining):
    lines = [f"- Skipped: {server.name}: {reason}." for server, reason in skipped]
    if no_pipelining and "pipelined" in results:
        lines.append(
            f"- Answer only the first of several requests in one segment: {', '.join(sorted(no_pipelining))}."
        )
    for rounds in results.values():
        lines += [
            f"- {rounds.title}: {name} had {rounds.errors(name)} errors."
            for name in rounds.samples
            if rounds.errors(name)
        ]
    cross = results.get("plaintext-cross")
    if cross is not None:
        idle = [name for name in cross.samples if cross.median(name, lambda sample: sample.busy) < 0.95]
        if idle:
            lines.append(
                "- Not saturated by one wrk, so their plaintext req/s is the load generator's: "
                + ", ".join(idle)
                + "."
            )
    return lines


def markdown(servers, results, idle, skipped, no_pipelining, how):
    return page_section(
        how, goals_table(results, idle), peers_table(servers, results), notes(results, skipped, no_pipelining)
    )


def page_section(how, *parts):
    """Each part is a list of lines."""
    measured = f"Measured {datetime.date.today().isoformat()} on {machine()}. {how}"
    return "\n\n".join([measured, *("\n".join(part) for part in parts if part)])


def write_between_markers(page, script, text):
    """`script`, of bench/, wrote it."""
    begin, end = f"<!-- bench/{script}: begin (written by make bench) -->", f"<!-- bench/{script}: end -->"
    old = page.read_text()
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(end)
    if begin not in old or end not in old:
        raise ValueError(f"{page} has no markers {begin} … {end}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")
