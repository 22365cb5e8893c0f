"""A pull lab of KernelCI: asks for new jobs of a platform, runs bringup on a place of labgrid, submits the results.

Nothing has to reach the lab from outside. It needs bringup with its extra 'lab', kci-dev, and for submitting
KCIDB_REST and a token as kci-dev's documentation says; without --submit it prints what it would submit. Installing
the job's kernel on the board is the lab's own: --deploy COMMAND gets the file with the job's definition.

A job that cannot be done is reported and left; where the API does not answer, it is asked again.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

EVENTS = "https://staging.kernelci.org:9000/latest/events"
PAUSE_SECONDS = 30.0
ANSWER_SECONDS = 30.0
SUBMIT_SECONDS = 300.0
MOST = 64 << 20
#: An id names a folder.
ID = re.compile(r"[A-Za-z0-9_-]+")
#: What a job or a poll may end with: the network, a command, or a document that is not as it should be.
FAULTS = (OSError, http.client.HTTPException, subprocess.SubprocessError, LookupError, TypeError, ValueError)


def fetch(url: str) -> Any:
    """The JSON document at an address."""
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is not a web address")
    with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
        return json.loads(answer.read(MOST))


def new_jobs(events: str, since: str, platform: str) -> tuple[list[dict[str, Any]], str]:
    """The jobs of a platform that were made since then, each with its definition's address, and when the last was."""
    query = {"state": "done", "kind": "job", "limit": "1000", "recursive": "true", "from": since}
    found = fetch(f"{events}?{urllib.parse.urlencode(query)}")
    jobs = [
        event["node"]
        for event in found
        if event.get("data", {}).get("data", {}).get("platform") == platform
        and event.get("node", {}).get("artifacts", {}).get("job_definition")
    ]
    return jobs, found[-1]["timestamp"] if found else since


def run_job(job: dict[str, Any], options: argparse.Namespace) -> int:
    """Deploy, run, submit; bringup's exit status."""
    if not ID.fullmatch(job["id"]):
        raise ValueError(f"{job['id']!r} is not a job's id")
    folder = Path(options.output, job["id"])
    folder.mkdir(parents=True, exist_ok=True)
    definition = folder / "job.json"
    definition.write_text(json.dumps(fetch(job["artifacts"]["job_definition"])), encoding="utf-8")
    if options.deploy:
        subprocess.run([*options.deploy.split(), str(definition)], check=True, timeout=options.deploy_seconds)
    run = folder / "run"
    status = subprocess.run(
        ["bringup", "run", *options.run.split(), "--wait-for-boot", "300", "-o", str(run)], check=False
    ).returncode
    if status not in (0, 1):
        return status  # nothing is known of the kernel, and that is not submitted as its result
    # a job hangs from its kernel build, whose id in KCIDB is maestro's own
    environ = os.environ | {"KCIDB_ORIGIN": options.origin, "KCIDB_BUILD_ID": f"maestro:{job['parent']}"}
    report = folder / "kcidb.json"
    done = subprocess.run(
        ["bringup", "report", str(run), "--format", "kcidb"], check=True, env=environ, stdout=subprocess.PIPE
    )
    report.write_bytes(done.stdout)
    submit = ["kci-dev", "submit", "build", "--origin", options.origin, "--from-json", str(report)]
    subprocess.run(submit if options.submit else [*submit, "--dry-run"], check=True, timeout=SUBMIT_SECONDS)
    return status


def poll(since: str, options: argparse.Namespace) -> tuple[str, bool]:
    """Do the new jobs; since when the next ones are asked for, and whether all was done."""
    try:
        jobs, until = new_jobs(options.events, since, options.platform)
    except FAULTS as error:
        sys.stderr.write(f"jobs since {since}: {error!r}\n")
        return since, False
    is_done = True
    for job in jobs:
        try:
            said = f"bringup ended with {run_job(job, options)}"
        except FAULTS as error:
            said, is_done = f"not done: {error!r}", False
        sys.stderr.write(f"{job.get('id')!s}: {said}\n")
    return until, is_done


def main() -> None:
    """Ask, run, wait, and so on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platform", required=True, help="KernelCI's name of the board")
    parser.add_argument("--origin", required=True, help="your lab's name in KCIDB")
    parser.add_argument("--run", required=True, help="options of bringup run, such as '--place rack1'")
    parser.add_argument("--deploy", default="", help="command that puts the job's kernel on the board")
    parser.add_argument("--deploy-seconds", type=float, default=1800.0, help="how long it may take")
    parser.add_argument("--output", default="pull-lab")
    parser.add_argument("--events", default=EVENTS)
    parser.add_argument("--since", default=time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime()))
    parser.add_argument("--submit", action="store_true")
    parser.add_argument("--once", action="store_true", help="do not wait for more jobs")
    options = parser.parse_args()
    since = options.since
    while True:
        since, is_done = poll(since, options)
        if options.once:
            sys.exit(0 if is_done else 1)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
