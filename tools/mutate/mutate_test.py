"""Tests of the mutator: the mutants that it finds in a small file, and the effect of each one."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from campaign import quoted
from finder import Finder
from mutate import COMPILER, HERE, read_equivalent
from points import parse

PROGRAM = r"""
#include <algorithm>
#include <cstdio>
#include <optional>

std::optional<int> odd(int x) {
  if (x % 2 == 0) return {};
  return x;
}
struct Rule {
  std::optional<int> (*holds)(int);
  bool is_strict = false;
};
constexpr Rule rules[]{Rule{.holds = odd, .is_strict = true}};

bool between(int x, int low, int high) { return low <= x && x < high; }

int limited(const std::optional<int>& x) { return std::max(x.value_or(1) + 2, 5); }

int doubled(const int* x) {
  constexpr int factor = 2;
  if (!x) return 0;
  return *x * factor;
}

enum class Color { Red, Green, Blue };
std::optional<int> code_of(Color color) {
  int code = 9;
  switch (color) {
    case Color::Red: code = 1; break;
    case Color::Green: code = 2; break;
    case Color::Blue: break;
  }
  return code;
}

struct Pair {
  int x = 0;
  int y = 0;
};
Pair swapped(const Pair& pair) { return {.x = pair.y, .y = pair.x}; }

int main() {
  const int three = 3;
  const Pair pair = swapped({1, 2});
  std::printf("%d %d %d", odd(3).value_or(0), odd(4).value_or(0), rules[0].is_strict);
  std::printf(" %d", rules[0].holds(5).value_or(0));
  std::printf(" %d %d %d", between(1, 1, 3), between(3, 1, 3), between(0, 1, 3));
  std::printf(" %d %d %d", limited(std::nullopt), limited(7), doubled(&three));
  std::printf(" %d %d", code_of(Color::Red).value_or(0), code_of(Color::Green).value_or(0));
  std::printf(" %d %d %d", code_of(Color::Blue).value_or(0), pair.x, pair.y);
}
"""

SWITCH = r"""
#include <cstdlib>
bool mutant::on(unsigned id) { return id == std::strtoul(std::getenv("MUTANT"), nullptr, 10); }
"""

# The output of the program without a mutant.
ORIGINAL = "3 0 1 5 1 0 0 5 9 6 1 2 9 2 1"
# The operator, the source before and after the change, and the output of the program.
MUTANTS = [
    ("true", "x % 2 == 0", "true", "0 0 1 0 1 0 0 5 9 6 1 2 9 2 1"),
    ("false", "x % 2 == 0", "false", "3 4 1 5 1 0 0 5 9 6 1 2 9 2 1"),
    ("never", "odd", "returns an empty result", "3 0 1 0 1 0 0 5 9 6 1 2 9 2 1"),
    ("flip", "true", "false", "3 0 0 5 1 0 0 5 9 6 1 2 9 2 1"),
    ("false", "low <= x && x < high", "false", "3 0 1 5 0 0 0 5 9 6 1 2 9 2 1"),
    ("true", "low <= x", "true", "3 0 1 5 1 0 1 5 9 6 1 2 9 2 1"),
    ("boundary", "low <= x", "low < x", "3 0 1 5 0 0 0 5 9 6 1 2 9 2 1"),
    ("true", "x < high", "true", "3 0 1 5 1 1 0 5 9 6 1 2 9 2 1"),
    ("boundary", "x < high", "x <= high", "3 0 1 5 1 1 0 5 9 6 1 2 9 2 1"),
    ("part", "std::max(x.value_or(1) + 2, 5)", "x.value_or(1) + 2",
     "3 0 1 5 1 0 0 3 9 6 1 2 9 2 1"),
    ("part", "std::max(x.value_or(1) + 2, 5)", "5", "3 0 1 5 1 0 0 5 5 6 1 2 9 2 1"),
    ("part", "x.value_or(1) + 2", "x.value_or(1)", "3 0 1 5 1 0 0 5 7 6 1 2 9 2 1"),
    ("default", "x.value_or(1)", "1", "3 0 1 5 1 0 0 5 5 6 1 2 9 2 1"),
    ("constant", "2", "1", "3 0 1 5 1 0 0 5 9 3 1 2 9 2 1"),
    ("true", "!x", "true", "3 0 1 5 1 0 0 5 9 0 1 2 9 2 1"),
    ("part", "*x * factor", "*x", "3 0 1 5 1 0 0 5 9 3 1 2 9 2 1"),
    ("initial", "int code = 9", "", "3 0 1 5 1 0 0 5 9 6 1 2 0 2 1"),
    ("label", "Color::Red", "matches nothing", "3 0 1 5 1 0 0 5 9 6 9 2 9 2 1"),
    ("label", "Color::Green", "matches nothing", "3 0 1 5 1 0 0 5 9 6 1 9 9 2 1"),
    ("removed", "code = 1", "", "3 0 1 5 1 0 0 5 9 6 9 2 9 2 1"),
    ("jump", "break", "", "3 0 1 5 1 0 0 5 9 6 2 2 9 2 1"),
    ("removed", "code = 2", "", "3 0 1 5 1 0 0 5 9 6 1 9 9 2 1"),
    ("empty", "return code", "return {}", "3 0 1 5 1 0 0 5 9 6 0 0 0 2 1"),
    ("empty", "return {.x = pair.y, .y = pair.x}", "return {}",
     "3 0 1 5 1 0 0 5 9 6 1 2 9 0 0"),
    ("field", ".x = pair.y", "", "3 0 1 5 1 0 0 5 9 6 1 2 9 0 1"),
    ("field", ".y = pair.x", "", "3 0 1 5 1 0 0 5 9 6 1 2 9 2 0"),
]


class SmallProgramTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = Path(cls.folder.name)
        source, copy, cls.program = folder / "small.cpp", folder / "copy.cpp", folder / "small"
        source.write_text(PROGRAM)
        unit = parse(source, ["-std=c++23"])
        found = Finder("small.cpp", PROGRAM.encode(), unit, 1).find()
        cls.points = [point for point in found.points if point.function != "main"]
        copied = found.edits.apply(PROGRAM.encode()).decode()
        copy.write_text(f'#include "mutant.hpp"\n{copied}{SWITCH}')
        subprocess.run([COMPILER, "-std=c++23", "-w", f"-I{HERE / 'runtime'}", copy, "-o",
                        cls.program], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def output(self, number):
        environment = {**os.environ, "MUTANT": str(number)}
        return subprocess.run([self.program], capture_output=True, text=True, check=True,
                              env=environment).stdout

    def test_behaves_as_the_original_without_a_mutant(self):
        self.assertEqual(self.output(0), ORIGINAL)

    def test_finds_these_mutants_and_no_others(self):
        self.assertEqual([(point.operator, point.before, point.after) for point in self.points],
                         [mutant[:3] for mutant in MUTANTS])

    def test_changes_the_behavior_with_each_mutant(self):
        for point, mutant in zip(self.points, MUTANTS):
            with self.subTest(point=point):
                self.assertEqual(self.output(point.number), mutant[3])

    def test_gives_each_mutant_its_own_address(self):
        addresses = {point.address() for point in self.points}
        self.assertEqual(len(addresses), len(self.points))
        self.assertIn(("small.cpp", "code_of", "removed", self.digest("code = 1") + "#2"),
                      addresses)

    def digest(self, before):
        return next(point.digest for point in self.points if point.before == before)


class FileFormatsTest(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            return read_equivalent(Path(file.name))

    def test_reads_an_address_and_its_reason(self):
        found = self.read("# comment\n\na.cpp f true 0a1b2c  It is always true here.\n")
        self.assertEqual(found, {("a.cpp", "f", "true", "0a1b2c"): "It is always true here."})

    def test_rejects_an_address_without_a_reason(self):
        with self.assertRaises(SystemExit):
            self.read("a.cpp f true 0a1b2c\n")

    def test_rejects_an_address_that_is_listed_twice(self):
        with self.assertRaises(SystemExit):
            self.read("a.cpp f true 0a1b2c One.\na.cpp f true 0a1b2c Two.\n")

    def test_quotes_the_names_of_test_cases_for_catch2(self):
        self.assertEqual(quoted('waits, "now" [x]'), '"waits\\, \\"now\\" \\[x]"')


if __name__ == "__main__":
    unittest.main()
