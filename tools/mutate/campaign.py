"""For each mutant, runs the test cases that reach it, and says which case kills it."""

import os
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

# RapidCheck has the same seed for all mutants, so that a run can be repeated. It does not search
# for a smaller failing case.
ENVIRONMENT = {"RC_PARAMS": "seed=1 noshrink=1"}
MAX_MEMORY_KIB = 4 * 1024 * 1024
MAX_CASES_AT_FIRST = 25  # in the first two runs of a mutant, which are short


@dataclass
class Case:
    """One test case, and the numbers of the points that it reaches.

    A point, its switch in the program and its mutant have the same number.
    """

    name: str
    seconds: float
    reached: set


@dataclass
class Verdict:
    killed_by: str  # the name of a test case; empty: the mutant survived
    how: str = ""  # how the case failed: " (crashes)", " (does not end)"; empty: a check failed
    is_reached: bool = True

    def killer(self):
        return self.killed_by + self.how


class Program:
    """The test program with the switches. It prints a line when a case starts, fails or ends."""

    def __init__(self, path, folder):
        self.path, self.folder = str(path), folder

    def record(self, spec):
        """All cases that match `spec`, a filter of Catch2, each with the points that it reaches."""
        run = self.start([spec], {"MUTANT_RECORD": "1"}, None)
        if run.returncode != 0:
            raise SystemExit(f"The tests fail without any mutant: {last_case(run.stdout)}")
        cases, name = [], ""
        for line in run.stdout.splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "start":
                name = rest
            elif kind == "end":
                seconds, *numbers = rest.split()
                cases.append(Case(name, float(seconds), set(map(int, numbers))))
        return cases

    def first_failure(self, number, cases):
        """The verdict of the first case that fails for the mutant."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".cases") as names:
            names.writelines(quoted(case.name) + "\n" for case in cases)
            names.flush()
            timeout = 5 + 10 * sum(case.seconds for case in cases)
            arguments = ["--abort", "-f", names.name]
            try:
                run = self.start(arguments, {"MUTANT": str(number)}, timeout)
            except subprocess.TimeoutExpired as expired:
                return Verdict(last_case((expired.stdout or b"").decode()), " (does not end)")
        if run.returncode == 0:
            return Verdict("")
        return Verdict(last_case(run.stdout), " (crashes)" if run.returncode < 0 else "")

    def start(self, arguments, environment, timeout):
        limited = f'ulimit -c 0 -v {MAX_MEMORY_KIB}; exec "$0" "$@"'
        command = ["bash", "-c", limited, self.path, "-o", "/dev/null", *arguments]
        return subprocess.run(command, check=False, timeout=timeout, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              errors="replace", env={**os.environ, **ENVIRONMENT, **environment})


def quoted(name):
    """A name as Catch2 reads it from a file."""
    return '"' + "".join("\\" + one if one in '\\",[' else one for one in name) + '"'


def last_case(output):
    lines = [line.partition(" ") for line in output.splitlines()]
    names = [name for kind, _, name in lines if kind in ("start", "fail")]
    return names[-1] if names else "the whole program"


class Campaign:
    """Runs several mutants at a time, and calls `report` with each point and its verdict."""

    def __init__(self, program, processes, report):
        self.program, self.processes, self.report = program, processes, report
        self.lock = threading.Lock()
        self.killers = {}  # file and function -> the cases that killed a mutant there

    def run(self, points, cases):
        reaching = {}
        for case in sorted(cases, key=lambda one: one.seconds):
            for number in case.reached:
                reaching.setdefault(number, []).append(case)
        verdicts = {}

        def evaluate(point):
            verdict = self.evaluate(point, reaching.get(point.number, []))
            with self.lock:
                verdicts[point.number] = verdict
                self.report(point, verdict)

        with ThreadPoolExecutor(self.processes) as pool:
            list(pool.map(evaluate, points))
        return verdicts

    def evaluate(self, point, cases):
        """Runs the cases that killed a mutant of this function, then the fastest, then all."""
        if not cases:
            return Verdict("", is_reached=False)
        function = (point.file, point.function)
        with self.lock:
            likely_names = set(self.killers.get(function, ()))
        likely = [case for case in cases if case.name in likely_names][:MAX_CASES_AT_FIRST]
        others = [case for case in cases if case not in likely]
        for batch in (likely, others[:MAX_CASES_AT_FIRST], others[MAX_CASES_AT_FIRST:]):
            verdict = self.program.first_failure(point.number, batch) if batch else Verdict("")
            if verdict.killed_by:
                with self.lock:
                    self.killers.setdefault(function, set()).add(verdict.killed_by)
                return verdict
        return Verdict("")


class Progress:
    """Prints every 5 s how many mutants have run."""

    def __init__(self, total, noun):
        self.total, self.noun = total, noun
        self.done = self.survived = 0
        self.last = self.began = time.monotonic()

    def __call__(self, _, verdict):
        self.done += 1
        self.survived += not verdict.killed_by
        now = time.monotonic()
        if now - self.last > 5 or self.done == self.total:
            self.last = now
            print(f"  {self.noun}: {self.done} of {self.total}, {self.survived} not killed "
                  f"({now - self.began:.0f} s)", flush=True)
