"""Prints the coverage of each folder, from the summary of `llvm-cov export` on standard input."""

import collections
import json
import os
import sys

COLUMNS = ("lines", "functions", "branches")


def by_folder(files, root):
    """{folder: {column: [covered, count]}}, with relative folders, and "total" for all files."""
    folders = collections.defaultdict(lambda: {column: [0, 0] for column in COLUMNS})
    for file in files:
        folder = os.path.dirname(os.path.relpath(file["filename"], root))
        for name in (folder, "total"):
            for column in COLUMNS:
                folders[name][column][0] += file["summary"][column]["covered"]
                folders[name][column][1] += file["summary"][column]["count"]
    return folders


def percent(covered, count):
    return f"{100 * covered / count:.1f}%" if count else "-"


def main():
    files = json.load(sys.stdin)["data"][0]["files"]
    folders = by_folder(files, sys.argv[1])
    print(f"{'folder':34}" + "".join(f"{column:>11}" for column in COLUMNS) + "   lines missed")
    for name in sorted(folders, key=lambda folder: (folder == "total", folder)):
        row = folders[name]
        percentages = "".join(f"{percent(*row[column]):>11}" for column in COLUMNS)
        print(f"{name:34}{percentages}{row['lines'][1] - row['lines'][0]:>15}")


if __name__ == "__main__":
    main()
