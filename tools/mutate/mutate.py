"""Mutation tests: does a test check each decision of the rules?

Every point of a rule that can be weakened (points.py) becomes a switch in an instrumented copy of
its file (finder.py, expressions.py, runtime/). The copies are compiled once. A mutant is a run of
the tests with one switch on (campaign.py). Mutants that no test can tell from the original are
listed with a reason in equivalent.txt.
"""

import argparse
import json
import multiprocessing
import shlex
import subprocess
import sys
import time
from pathlib import Path

from campaign import Campaign, Program, Progress
from finder import Finder
from points import parse

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONTROLLER = ROOT / "controller"
RULES = ("guard/**/*.cpp", "rollback/record.cpp")
# These files have no rules: they store the inputs and the state between two plans.
NOT_RULES = {f"guard/{name}.cpp" for name in ("apply", "fleet", "load", "request_index")}
LIBRARIES, TESTS = "lastgood_guard;lastgood_rollback", "test_guard"
COMPILER = "clang++-19"
# With assertions, a test that reads an empty optional fails. Without them, it could pass.
FLAGS = "-O1 -w -D_GLIBCXX_ASSERTIONS"
MAX_POINTS = 1000  # of a file
MAX_TEXT = 160  # of the source in the report


def main():
    arguments = parse_arguments()
    work, began = Path(arguments.work), time.monotonic()
    equivalent = read_equivalent(Path(arguments.equivalent))
    configure(work, "-UCMAKE_PROJECT_lastgood_INCLUDE")
    points = instrument(work, arguments.processes)
    print(f"{len(points)} mutants in {len({point.file for point in points})} files", flush=True)
    unknown = sorted(set(equivalent) - {point.address() for point in points})
    chosen = [point for point in points if matches(point, arguments.words)]
    if not chosen:
        raise SystemExit(f"No mutant has all these words: {' '.join(arguments.words)}")
    if arguments.list:
        print("\n".join(map(description, chosen)))
        return 0
    build(work, arguments.processes)
    print(f"built ({time.monotonic() - began:.0f} s)", flush=True)
    program = Program(work / "build/tests" / TESTS, work)
    verdicts = run(program, chosen, equivalent, arguments)
    wrong = report(chosen, verdicts, equivalent, unknown, arguments.killed)
    killed = sum(bool(verdict.killed_by) for verdict in verdicts.values())
    listed = sum(point.address() in equivalent for point in chosen)
    print(f"mutants: {killed} of {len(chosen) - listed} killed "
          f"({time.monotonic() - began:.0f} s); {listed} more are equivalent")
    return 1 if wrong else 0


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--work", required=True, help="a folder for the copies and the build")
    add("--processes", type=int, default=multiprocessing.cpu_count())
    add("--equivalent", default=HERE / "equivalent.txt")
    add("--list", action="store_true", help="print the mutants and run none")
    add("--killed", action="store_true", help="print the killed mutants too")
    add("--quick", action="store_true", help="do not run the [property] cases")
    add("words", nargs="*",
        help="only mutants whose file, function, operator or source has all these words")
    return parser.parse_args()


def matches(point, words):
    text = " ".join((*point.address(), point.before))
    return all(word in text for word in words)


def read_equivalent(path):
    """FILE FUNCTION OPERATOR DIGEST REASON -> the reason for each address."""
    found = {}
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        *address, _ = words = line.split(None, 4)
        if len(words) != 5 or tuple(address) in found:
            raise SystemExit(f"{path.name}: no reason, or listed twice: {line}")
        found[tuple(address)] = words[4]
    return found


def quietly(command):
    run = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    if run.returncode != 0:
        raise SystemExit(f"{run.stdout[-4000:]}\nfailed: {shlex.join(map(str, command))}")


def configure(work, *options):
    quietly(["cmake", "-S", ROOT, "-B", work / "build", "-G", "Ninja",
             f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_BUILD_TYPE=Debug",
             f"-DCMAKE_CXX_FLAGS_DEBUG={FLAGS}", *options])


def build(work, processes):
    configure(work, f"-DCMAKE_PROJECT_lastgood_INCLUDE={HERE / 'runtime/build.cmake'}",
              f"-DMUTATE_LIBRARIES={LIBRARIES}", f"-DMUTATE_TESTS={TESTS}",
              f"-DMUTATE_SOURCES={CONTROLLER}", f"-DMUTATE_COPIES={work / 'copies'}")
    quietly(["ninja", "-C", work / "build", f"-j{processes}", TESTS])


def instrument(work, processes):
    sources = sorted(source for pattern in RULES for source in CONTROLLER.glob(pattern)
                     if str(source.relative_to(CONTROLLER)) not in NOT_RULES)
    flags = compiler_flags(work / "build/compile_commands.json", sources[0])
    jobs = [(source, 1 + place * MAX_POINTS, flags, work / "copies")
            for place, source in enumerate(sources)]
    with multiprocessing.Pool(processes) as pool:
        found = pool.map(instrument_file, jobs, chunksize=1)
    return [point for points in found for point in points]


def instrument_file(job):
    source, first, flags, copies = job
    text, name = source.read_bytes(), source.relative_to(CONTROLLER)
    found = Finder(str(name), text, parse(source, flags), first).find()
    if len(found.points) >= MAX_POINTS:
        raise SystemExit(f"{name} has more than {MAX_POINTS} mutants")
    copy = copies / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(b'#include "mutant.hpp"\n' + found.edits.apply(text))
    return found.points


def compiler_flags(database, source):
    """The compiler flags of the source that libclang needs."""
    entries = json.loads(database.read_text())
    words = next(shlex.split(one["command"]) for one in entries if one["file"] == str(source))
    flags = [word for word in words if word.startswith(("-I", "-D", "-std"))]
    flags += [f"-isystem{path}" for word, path in zip(words, words[1:]) if word == "-isystem"]
    resources = subprocess.run([COMPILER, "-print-resource-dir"], check=True, capture_output=True,
                               text=True).stdout.strip()
    return [*flags, "-resource-dir", resources]


def run(program, points, equivalent, arguments):
    """Runs the slow [property] cases only for unlisted survivors of the other cases."""
    progress = Progress(len(points), "mutants")
    campaign = Campaign(program, arguments.processes, progress)
    verdicts = campaign.run(points, program.record("~[property]"))
    survivors = [one for one in points
                 if not verdicts[one.number].killed_by and one.address() not in equivalent]
    if survivors and not arguments.quick:
        print(f"{len(survivors)} survive so far; running the [property] cases", flush=True)
        campaign.report = Progress(len(survivors), "survivors")
        verdicts |= campaign.run(survivors, program.record("[property]"))
    return verdicts


def shortened(text):
    text = " ".join(text.split())
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."


def description(point):
    after = shortened(point.after) or "(nothing)"
    return (f"{' '.join(point.address())}  line {point.line}\n"
            f"      {shortened(point.before)}\n   -> {after}")


def report(points, verdicts, equivalent, unknown, with_killed):
    """Prints unlisted survivors and each wrong entry of equivalent.txt. Returns their number."""
    wrong = len(unknown)
    for address in unknown:
        print(f"LISTED as equivalent, but there is no such mutant: {' '.join(address)}")
    for point in points:
        verdict, is_listed = verdicts[point.number], point.address() in equivalent
        if verdict.killed_by and is_listed:
            wrong += 1
            print(f"LISTED as equivalent, but killed by {verdict.killer()}:")
        elif not verdict.killed_by and not is_listed:
            wrong += 1
            print("SURVIVED:" if verdict.is_reached else "SURVIVED, as no test reaches it:")
        elif with_killed and verdict.killed_by:
            print(f"killed by {verdict.killer()}:")
        else:
            continue
        print(f"   {description(point)}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
