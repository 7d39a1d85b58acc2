"""Runs the commands of Markdown pages again and writes their output into the pages.

A block that follows the line `<!-- printed by ./dev states -->` has commands, which begin with
`$ `, and their output. The text outside these blocks does not change. Exit code 1: a command
failed; its page and the later pages are unchanged.
"""
import re
import subprocess
import sys

BLOCK = re.compile(r"(<!-- printed by \./dev states -->\n```console\n)(.*?)(```\n)", re.DOTALL)


def command_with_output(command: str) -> str:
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        raise SystemExit(f"{command} failed: {run.stderr.strip()}")
    lines = [line.rstrip() for line in run.stdout.splitlines()]
    return "\n".join([f"$ {command}", *lines]) + "\n"


def block_with_new_output(block: re.Match) -> str:
    commands = [line[2:] for line in block[2].splitlines() if line.startswith("$ ")]
    return block[1] + "\n".join(command_with_output(command) for command in commands) + block[3]


def update_page(path: str) -> None:
    with open(path, encoding="utf-8") as page:
        text = page.read()
    new_text, count = BLOCK.subn(block_with_new_output, text)
    if count == 0:
        raise SystemExit(f"{path} has no block to print")
    with open(path, "w", encoding="utf-8") as page:
        page.write(new_text)


for page_path in sys.argv[1:]:
    update_page(page_path)
