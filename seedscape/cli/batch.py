"""`seedscape batch JOBS.toml -o DIR`: many environments into one folder."""

import re
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.cli.request import real_number, whole_number
from seedscape.cli.say import note, say, say_json
from seedscape.scene.spec import shown

if TYPE_CHECKING:
    from seedscape.assets.batch import Batch, Status, Summary

LINE_S, QUIET_S = 10.0, 60.0  # between plain lines: while something happens, while nothing does
SHOWN_FAILURES = 20


@click.command()
@click.argument("jobs", metavar="JOBS.toml")
@click.option("-o", "--output", metavar="DIR", help="The folder of the batch.")
@click.option("--workers", metavar="N", help="Processes.  [as cores and memory allow]")
@click.option("--ray", metavar="ADDRESS", help="Work on a Ray cluster: auto, or HOST:PORT. DIR must be shared.")
@click.option("--shard", metavar="I/N", help="Every N-th job only, from the I-th: one share of N machines.")
@click.option("--time-limit", metavar="S", default="900", help="Seconds that one job may take.  [900]")
@click.option("--memory-limit", metavar="MB", help="Memory that one job may use.  [what is free, shared]")
@click.option("--max-tasks", metavar="N", default="100", help="Jobs after which a worker is replaced.  [100]")
@click.option("--dry-run", is_flag=True, help="List what would be made, and make nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output, and nothing else.")
def batch(
    jobs: str,
    output: str | None,
    workers: str | None,
    ray: str | None,
    shard: str | None,
    time_limit: str,
    memory_limit: str | None,
    max_tasks: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the environments that JOBS (.toml, .csv or .jsonl) asks for, and a catalogue of them.

    What is done already is found and kept: start it again after a stop or a crash, or in several places at once. Exit code 1
    when jobs failed; DIR/failed says why, and the next start tries them again.
    """
    from seedscape.assets.batch import MAX_WORKERS, Batch

    if output is None and not dry_run:
        raise RequestError("expected -o DIR, or --dry-run, got neither")
    made = Batch(
        "." if output is None else output,
        jobs,
        workers=None if workers is None else whole_number("--workers", workers, 1, MAX_WORKERS),
        time_limit_s=real_number("--time-limit", time_limit, 0.1, 1e6),
        memory_limit_mb=None if memory_limit is None else whole_number("--memory-limit", memory_limit, 1, 10**8),
        max_tasks=whole_number("--max-tasks", max_tasks, 1, 10**6),
        shard=None if shard is None else _shard(shard),
        ray=ray,
    )
    if dry_run:
        _list(made, output is not None, as_json)
        return
    with _Display() as display:
        summary = made.run(display)
    _tell(summary, str(output), as_json)


def _tell(summary: "Summary", folder: str, as_json: bool) -> None:
    left = summary.total - summary.done - len(summary.failed)
    for name, reason in list(summary.failed.items())[:SHOWN_FAILURES]:
        note(f"failed: {name}: {reason}")
    if len(summary.failed) > SHOWN_FAILURES:
        note(f"failed: {len(summary.failed) - SHOWN_FAILURES} more, in {folder}/failed")
    if as_json:
        value = {
            "total": summary.total,
            "done": summary.done,
            "made": summary.made,
            "seconds": round(summary.seconds, 1),
        }
        say_json(value | {"failed": summary.failed, "left": left, "stopped": summary.stopped, "folder": folder})
    else:
        say(f"{folder}/index.html\n  {summary.done} of {summary.total} done, {summary.made} of them now")
    counts = f"{summary.done} of {summary.total} done, {len(summary.failed)} failed, {left} left; start again to go on"
    if summary.stopped:
        raise SeedscapeError(f"{summary.stopped}: {counts}")
    if not summary.complete:
        raise SeedscapeError(counts)


def _list(batch: "Batch", has_folder: bool, as_json: bool) -> None:
    missing = {job.name for job in batch.missing()} if has_folder else {job.name for job in batch.jobs}
    if as_json:
        jobs: list[dict[str, Any]] = [
            {"name": job.name, "key": job.key, "done": job.name not in missing, **job.values} for job in batch.jobs
        ]
        say_json({"total": len(jobs), "missing": len(missing), "jobs": jobs})
        return
    lines = [f"{'' if job.name in missing else 'done  '}{job.name}  {_words(job.values)}" for job in batch.jobs]
    say("\n".join([*lines, f"{len(lines)} jobs, {len(missing)} to make"]))


def _words(values: dict[str, Any]) -> str:
    spec = values["spec"]
    about = [
        values.get("label"),
        spec["purpose"],
        f"{spec['size_m']:g} m",
        f"{spec['time_of_day_h']:g} h",
        values["profile"],
    ]
    return ", ".join(str(word) for word in about if word is not None)


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if not match or not 0 <= int(match[1]) <= int(match[2]) or int(match[2]) == 0:
        raise RequestError(f"--shard: expected I/N with I from 1 to N (or from 0 to N-1), got {shown(text)}")
    return int(match[1]), int(match[2])


class _Display:
    """Progress on standard error: a bar on a terminal, a plain line now and then elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._last_line = -QUIET_S
        self._last_counts: tuple[int, int] | None = None

    def __call__(self, status: "Status") -> None:
        text = describe(status)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=status.done, total=status.total, description=text)
            return
        counts, since_s = (status.done, status.failed), time.monotonic() - self._last_line
        ended = status.running == 0 and sum(counts) >= status.total
        if (counts != self._last_counts and (since_s >= LINE_S or ended)) or since_s >= QUIET_S:
            self._last_line, self._last_counts = time.monotonic(), counts
            note(f"batch: {status.done} of {status.total}, {text}")

    def __enter__(self) -> Self:
        import sys

        if sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task("starting", total=None)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()


def describe(status: "Status") -> str:
    """How a batch stands, in words: failures, jobs in flight, rate, time left."""
    words = [f"{status.failed} failed"] if status.failed else []
    words.append(f"{status.running} running")
    if status.others:
        words.append(f"{status.others} made elsewhere")
    ended = status.done - status.before + status.failed
    if ended and status.seconds > 0:
        rate = ended / status.seconds
        left_s = (status.total - status.done - status.failed) / rate
        words.append(f"{rate * 60:.1f} a minute, {_duration(left_s)} left")
    return ", ".join(words)


def _duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), int(seconds // 3600)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{hours} h {round(seconds % 3600 / 60)} min"
