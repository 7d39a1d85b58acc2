#!/usr/bin/env python3
"""Tests of the rules for a commit message."""

import os
import unittest

import commit_message
from words import Words

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "words.txt"), encoding="utf-8") as file:
    RULES = Words(file.read())


class CommitMessageTest(unittest.TestCase):
    BODY = "\n\nThe pod was counted twice.\n"

    def check(self, text):
        return [one.message for one in commit_message.check(RULES, text)]

    def test_accepts_a_good_message(self):
        for text in (
            "checks: count a pod once" + self.BODY,
            "guard,docs: rename `Watching` to `Evaluating`" + self.BODY,
            "guard: rename HoldRule to Gate" + self.BODY,
            "tests/e2e: embed the manifests" + self.BODY + "\nSigned-off-by: A User <a@b.c>\n",
            "# a comment\n\nnet: pass the address on" + self.BODY + "# comment with judge\n",
            "net: bring a log\n\nThe line below is quoted.\n\n    " + "x" * 90,
            "net: link the page\n\nSee https://example.com/" + "x" * 90,
            'Revert "checks: judge it"\n\nThis reverts commit 1.\n',
            "fixup! checks: count a pod once",
        ):
            with self.subTest(text=text):
                self.assertEqual([], self.check(text))

    def test_rejects_a_subject_without_an_area(self):
        for subject in ("Count a pod once", "Checks: count a pod", "checks:count", "checks count"):
            self.assertIn("area: imperative summary", self.check(subject + self.BODY)[0], subject)

    def test_rejects_a_subject_that_is_too_long(self):
        self.assertEqual([], self.check("net: " + "a" * 67 + self.BODY))
        self.assertIn("73 columns", self.check("net: " + "a" * 68 + self.BODY)[0])

    def test_rejects_a_summary_that_is_not_imperative(self):
        for verb in ("counted", "counting", "counts", "Count", "`count`"):
            self.assertEqual(1, len(self.check(f"net: {verb} pods{self.BODY}")), verb)

    def test_rejects_a_full_stop(self):
        self.assertIn("full stop", self.check("net: count pods." + self.BODY)[0])

    def test_rejects_a_missing_body(self):
        self.assertIn("the body is missing", self.check("net: count pods")[0])
        trailer = "net: count pods\n\nSigned-off-by: A User <a@example.com>"
        self.assertIn("the body is missing", self.check(trailer)[0])
        self.assertEqual(["the message is empty"], self.check("# nothing\n"))

    def test_rejects_a_body_without_an_empty_line_before_it(self):
        self.assertIn("line after the subject", self.check("net: count pods\nIt was twice.")[0])

    def test_rejects_a_line_of_the_body_that_is_too_long(self):
        found = commit_message.check(RULES, "net: count pods\n\n" + "a" * 73)
        self.assertEqual([(3, 73)], [(one.line, one.column) for one in found])

    def test_rejects_words_of_the_list_unless_they_are_quoted(self):
        self.assertIn("judge", self.check("net: judge pods" + self.BODY)[0])
        self.assertIn("by hand", self.check("net: count pods\n\nIt was done by hand.")[0])
        self.assertEqual([], self.check('net: count pods\n\nRename "by hand" and `judge`.'))

    def test_ignores_the_diff_below_the_scissors(self):
        text = "net: count pods" + self.BODY + commit_message.SCISSORS + "\n+judge " + "x" * 99
        self.assertEqual([], self.check(text))


if __name__ == "__main__":
    unittest.main()
