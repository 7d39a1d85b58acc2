"""Runs the commands of Markdown pages again and writes their output into the pages.

A block that follows the line `<!-- printed by ./dev states -->` has commands, which begin with
`$ `, and their output. All else stays as it is. Exit code 1: a command failed, and the page
and those after it are unchanged.
"""
import re
import subprocess
import sys

BLOCK = re.compile(r"(<!-- printed by \./dev states -->\n```console\n)(.*?)(```\n)", re.DOTALL)


def printed(command: str) -> str:
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        raise SystemExit(f"{command} failed: {run.stderr.strip()}")
    lines = [line.rstrip() for line in run.stdout.splitlines()]
    return "\n".join([f"$ {command}", *lines]) + "\n"


def run_again(block: re.Match) -> str:
    commands = [line[2:] for line in block[2].splitlines() if line.startswith("$ ")]
    return block[1] + "\n".join(printed(command) for command in commands) + block[3]


def main(path: str) -> None:
    with open(path, encoding="utf-8") as page:
        text = page.read()
    with_output, blocks = BLOCK.subn(run_again, text)
    if blocks == 0:
        raise SystemExit(f"{path} has no block to print")
    with open(path, "w", encoding="utf-8") as page:
        page.write(with_output)


for page_path in sys.argv[1:]:
    main(page_path)
