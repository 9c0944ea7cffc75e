"""What ingestion is to reach. Rates and ratios go by CPU time, memory by the peak of the process."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import drift
from benchmarks.goals import Goal
from benchmarks.results import Results

OURS = ("pull", "avesa")


def goals(results: Results) -> Iterator[Goal]:
    """All of them, in the order in which the report tells them."""
    whole, work = (rate(results, *OURS, figure) for figure in ("cpu_s", "work_cpu_s"))
    yield Goal("Records per CPU second, from HTTP to Parquet", whole, 60_000, "/s", at_least=True, work=work)
    for peer, name, bound in (("airbyte", "airbyte-cdk, which only reads", 4.0), ("dlt_rest", "dlt", 12.0)):
        whole, work = (results.ratio(figure, ("pull", peer), OURS) for figure in ("cpu_s", "work_cpu_s"))
        yield Goal(f"CPU of {name}, to ours", whole, bound, "x", at_least=True, work=work)
    for case in ("pull", "much"):
        records = results.median(case, "avesa", "records")
        what = f"Peak memory with {records:,.0f} records" if records else "Peak memory"
        yield Goal(what, results.median(case, "avesa", "peak_mb"), 250, "MB")
    one, several = ("latency", "in_flight_1"), ("latency", "in_flight_8")
    whole, work = (results.ratio(figure, one, several) for figure in ("wall_s", "work_wall_s"))
    yield Goal("Slow vendor: wall with one page in flight, to 8", whole, 6, "x", at_least=True, work=work)
    whole, work = (rate(results, "mapping", "avesa", figure) for figure in ("cpu_s", "work_cpu_s"))
    yield Goal("Mapping to 15 typed columns, records per core second", whole, 150_000, "/s", at_least=True, work=work)
    kept = [row["verdict"] for row in results.of("drifts", "avesa").values()]
    found = kept.count("bytes") if kept else None
    yield Goal("Cases of drift kept byte for byte", found, len(drift.CASES), "", at_least=True)


def rate(results: Results, case: str, engine: str, figure: str) -> float | None:
    """Records for each second of a figure, the median over the rounds."""
    records, seconds = (results.median(case, engine, name) for name in ("records", figure))
    return records / seconds if records and seconds else None
