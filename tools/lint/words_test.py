#!/usr/bin/env python3
"""Tests of the word lint: each rule of words.txt finds its example, and leaves good text alone."""

import contextlib
import io
import os
import subprocess
import tempfile
import unittest

import words

HERE = os.path.dirname(os.path.abspath(__file__))

# (path, text, the words in the text that a rule finds). Each rule of words.txt needs an example.
BAD = [
    # What users see.
    ("a.cpp", "return State::Watching;", "Watching"),
    ("a.md", "The state is `Watching`.", "Watching"),
    ("a.yaml", "state: Watching\n", "Watching"),
    ("a.yaml", "watchStarted: 5m", "watchStarted"),
    ("a.cpp", "guard.watch_started = now;", "watch_started"),
    ("a.md", "A release is judged.", "judged"),
    ("a.md", "Unjudged revisions run.", "Unjudged"),
    ("a.cpp", "Sample2 judge_http(int x);", "judge"),
    ("a.md", "It is put back.", "put back"),
    ("a.md", "Lastgood puts the last good one back.", "puts the last good one back"),
    ("a.cpp", "bool was_put_back(int x);", "put_back"),
    ("a.go", "func PutsBack() {}", "PutsBack"),
    ("a.cpp", "// The template is put\n// back then.", "put back"),
    ("a.cpp", 'say("it is put "\n    "back");', "put back"),
    ("a.go", 'say("it is put " +\n\t"back")', "put back"),
    ("a.md", "> A template that is put\n> back.", "put back"),
    ("a.md", "It was taken back.", "taken back"),
    ("a.cpp", "void take_back();", "take_back"),
    ("a.md", "Nothing to go back to; two went back.", "go back"),
    ("a.md", "It looks again later.", "looks again"),
    ("a.md", "which object to look at next", "look at next"),
    ("a.md", "It passes for the other revision.", "the other revision"),
    ("a.cpp", "Comparison x = {};", "Comparison"),
    ("a.yaml", "keptAs: web-1", "keptAs"),
    ("a.md", "It is kept as a ControllerRevision.", "kept as"),
    ("a.md", "The reason is NotKept.", "NotKept"),
    ("a.md", "| `TargetGone` | no |", "TargetGone"),
    ("a.md", "| `TargetUnreadable` | no |", "TargetUnreadable"),
    ("a.md", "A rollback by hand.", "by hand"),
    ("a.cpp", "Reason::RequestedByHand", "ByHand"),
    ("a.md", "See rollback-by-hand.yaml.", "by-hand"),
    ("a.md", "A person approves.", "person"),
    ("a.cpp", '#include "people.hpp"', "people"),
    ("a.cpp", "return Phase::Refused;", "Refused"),
    ("a.cpp", 'return "Refused";', "Refused"),
    ("a.cpp", "case Kind::Closed:", "Closed"),
    ("a.cpp", "case Kind::Malformed:", "Malformed"),
    ("a.cpp", "case Kind::Unresolved:", "Unresolved"),
    ("a.md", "| `Stopped` | every pod ended |", "Stopped"),
    ("a.md", "`NotAskedYet`", "NotAskedYet"),
    ("a.md", "The group rollback is called off.", "called off"),
    ("a.cpp", "const auto* call = caller_of(x);", "caller"),
    ("a.md", "three failures in a row", "in a row"),
    ("a.md", "The pods got well.", "got well"),
    ("a.cpp", "auto answers = ask_all(pods);", "ask"),
    ("a.md", "The reason is NoPodToAsk.", "Ask"),
    ("a.cpp", "++check.row;", "row"),
    # In the code.
    ("a.cpp", "life.look();", "look"),
    ("a.cpp", "step.look_again(later);", "look_again"),
    ("a.cpp", "options.most_looks = 2;", "most_looks"),
    ("a.cpp", "Plan decide(const World& w);", "World"),
    ("a.cpp", "LeaseWorld x;", "LeaseWorld"),
    ("a.cpp", "guard::Decision x;", "Decision"),
    ("a.cpp", "note_kept(revision);", "note_kept"),
    ("a.cpp", "guard::Memory x;", "Memory"),
    ("a.cpp", "if (is_stranger(x)) {}", "is_stranger"),
    ("a.cpp", "Guarding::Kind::Broken", "Guarding"),
    ("a.cpp", "Sample x;", "Sample"),
    ("a.cpp", "Outlook x;", "Outlook"),
    ("a.cpp", "HttpAsk x;", "HttpAsk"),
    ("a.cpp", "struct Whom;", "Whom"),
    ("a.cpp", "HoldRule x;", "HoldRule"),
    ("a.cpp", "for (auto r : begin_rules()) {}", "begin_rules"),
    ("a.cpp", "restraint::held(x);", "restraint"),
    ("a.cpp", "Fact x;", "Fact"),
    ("a.cpp", "bool is_told(int x);", "told"),
    ("a.cpp", "return Truth::False;", "Truth"),
    ("a.cpp", "std::vector<Moment> x;", "Moment"),
    ("a.cpp", "Steady x;", "Steady"),
    ("a.cpp", "kube::Uniform x;", "Uniform"),
    ("a.cpp", "is_living(pod);", "is_living"),
    ("a.cpp", "is_unplaced(pod);", "is_unplaced"),
    ("a.cpp", "is_unheard_of(pod);", "is_unheard_of"),
    ("a.cpp", "is_unpulled(pod);", "is_unpulled"),
    ("a.cpp", "constexpr int most_text = 3;", "most_text"),
    ("a.go", "const mostText = 3", "mostText"),
    ("a.cpp", "constexpr int longest_name = 3;", "longest_name"),
    ("a.cpp", "put_down(record);", "put_down"),
    ("a.cpp", "executor.go_on();", "go_on"),
    ("a.cpp", "co_await take(step);", "co_await take"),
    ("a.cpp", "co_await tidy_records();", "tidy_records"),
    ("a.cpp", "write_intent(x);", "write_intent"),
    ("a.cpp", "Trouble::Reset", "Trouble"),
    ("a.cpp", "const Closing& x;", "Closing"),
    ("a.cpp", "Likeness x;", "Likeness"),
    ("a.cpp", "Excuse x;", "Excuse"),
    ("a.cpp", "Life x;", "Life"),
    ("a.go", "s := story.New()", "story"),
    ("a.cpp", "Promises x;", "Promises"),
    ("a.cpp", "Mishap x;", "Mishap"),
    ("a.cpp", "struct Place {};", "Place"),
    ("a.cpp", "is_waited_for(x);", "is_waited_for"),
    # Style.
    ("a.md", "What is not watched costs nothing.", "What"),
    ("a.md", "It waits. Who approves is listed below.", "Who"),
    ("a.cpp", "// Whom a check queries, and how.", "Whom"),
    ("a.cpp", 'TEST_CASE("What was scaled down is verified")', "What"),
    ("a.md", "Counted are the automatic ones.", "Counted are"),
    ("a.md", "to whom it belongs", "whom"),
    ("a.md", "in whatever order", "whatever"),
    ("a.md", "It waits for ever.", "for ever"),
    ("a.md", "It is chosen anew.", "anew"),
    ("a.md", "The user is told.", "is told"),
    ("a.md", "A pod speaks of its node.", "speaks of"),
    ("a.md", "no more than once", "no more than once"),
    ("a.md", "a check that fell silent", "fell silent"),
    ("a.md", "It rolls back all the same.", "all the same"),
    ("a.md", "It fails no more.", "fails no more"),
    ("a.sh", "# TODO: later", "TODO"),
]

# (path, text) in which no rule finds anything.
GOOD = [
    ("a.md", "kubectl events --for deployment/web --watch"),
    ("a.md", "Kubernetes watches and caches objects; a watch is opened. Watching costs memory."),
    ("a.cpp", "// Watching the Lease costs nothing."),
    ("a.cpp", "// A row of a table; take a look at the moment of truth, and tell the world."),
    ("a.cpp", "queue.take(now); std::views::take(3);"),
    ("a.md", "A name look-up takes a thread. The next look-up is cached."),
    ("a.md", "Back-off restarting failed container. Retries put a back-off first."),
    ("a.md", "Which policy applies? What is wrong? Who approves?"),
    ("a.md", "# What it may do\n\n## Who may approve\n"),
    ("a.md", "| what | Who owns it |"),
    ("a.md", "The table shows what changed and who changed it."),
    ("a.cpp", "int task = mask; std::uniform_int_distribution<int> d; steady_clock::now();"),
    ("a.cpp", "// Restores the template.\n// A user approves it."),
    ("a.cpp", "int most_recent = 1; int almost_done = 2;"),
    ("a.cpp", "constexpr auto limit = 1'000'000; // 'quoted'\nauto c = '\"'; auto d = 'x';"),
    ("a.md", "personal, peopled, rowdy, asking price of nothing: words that only look similar"),
    ("a.md", "The connection is closed, then stopped. Refused connections are retried."),
    ("tests/a_test.cpp", "for (const Row& row : rows) CHECK(row.passes);"),
    ("CHANGELOG.md", "| `Watching` | `Evaluating` |\n| `NotKept` | `NoSnapshot` |"),
]


def load():
    with open(os.path.join(HERE, "words.txt"), encoding="utf-8") as file:
        return words.Words(file.read())


def messages(findings):
    return [f"{one.path}:{one.line}:{one.column}: {one.message}" for one in findings]


def rule_set(text):
    return words.Words(text)


class RulesTest(unittest.TestCase):
    def test_finds_the_bad_words_of_each_example(self):
        rules = load()
        for path, text, expected in BAD:
            with self.subTest(text=text):
                found = [one.message.split('":')[0].lstrip('"') for one in rules.check(path, text)]
                self.assertIn(expected, found)

    def test_every_rule_has_an_example(self):
        for rule in load().rules:
            with self.subTest(rule=rule.pattern.pattern, line=rule.line):
                only = rule_set("")
                only.rules.append(rule)
                hits = [text for path, text, _ in BAD if only.check_text(path, text)]
                self.assertTrue(hits, f"words.txt:{rule.line} has no example in words_test.py")

    def test_finds_nothing_in_good_text(self):
        rules = load()
        for path, text in GOOD:
            with self.subTest(text=text):
                self.assertEqual([], messages(rules.check(path, text)))

    def test_rejects_a_line_that_is_no_rule(self):
        for line in ("phrase  only two", "shout  a  b", "phrase  (  b", "allow  *  a"):
            with self.subTest(line=line):
                self.assertRaises(words.BadData, words.Words, line)


class ScopeTest(unittest.TestCase):
    def check(self, rules, path, text):
        return messages(rule_set(rules).check(path, text))

    def test_reports_the_position_and_the_advice(self):
        found = self.check("phrase  put back  roll back to, restore", "d/a.md", "\nIt is put back.")
        self.assertEqual(['d/a.md:2:7: "put back": use "roll back to" or "restore"'], found)

    def test_prints_advice_after_an_exclamation_mark_unchanged(self):
        found = self.check("sentence  What  ! name the noun", "a.md", "What is this.")
        self.assertEqual(['a.md:1:1: "What": name the noun'], found)

    def test_counts_no_border_of_a_camel_case_name_as_a_column(self):
        found = self.check("phrase  by hand  manual", "a.go", "aB, cD := RequestedByHand")
        self.assertEqual(['a.go:1:20: "ByHand": use "manual"'], found)

    def test_shows_the_whole_match_when_it_ends_inside_a_name(self):
        found = self.check("phrase  requested by  x", "a.go", "aB, cD := RequestedByHand")
        self.assertEqual(['a.go:1:11: "RequestedBy": use "x"'], found)

    def test_respects_word_boundaries(self):
        self.assertEqual([], self.check("phrase  hand  x", "a.md", "handle, beforehand"))
        self.assertEqual([], self.check("name  World  x", "a.md", "Worlds, MyWorld, World_"))

    def test_scope_prose_ignores_code(self):
        rules = "prose  alpha  x"
        self.assertEqual([], self.check(rules, "a.cpp", "int alpha = 1;"))
        for text in ("// alpha", "/* alpha */", 'f("alpha");', 'f(R"(alpha)");'):
            self.assertEqual(1, len(self.check(rules, "a.cpp", text)), text)
        self.assertEqual(1, len(self.check(rules, "a.go", "x := `alpha`")))

    def test_scope_code_finds_a_word_of_prose_only_in_quotes(self):
        rules = "code  Alpha  x"
        self.assertEqual(1, len(self.check(rules, "a.cpp", "Alpha a;")))
        self.assertEqual([], self.check(rules, "a.cpp", '// Alpha\nf("The Alpha");'))
        self.assertEqual(1, len(self.check(rules, "a.cpp", 'f("Alpha");')))
        self.assertEqual(1, len(self.check(rules, "a.md", "The state `Alpha`.")))
        self.assertEqual([], self.check(rules, "a.md", "Alpha is first."))
        self.assertEqual(1, len(self.check(rules, "a.yaml", "  - state: Alpha\n")))
        self.assertEqual([], self.check(rules, "a.yaml", "description: Alpha is first\n"))

    def test_scope_value_finds_quoted_words_only(self):
        rules = "value  Alpha  x"
        self.assertEqual([], self.check(rules, "a.cpp", "Alpha a;"))
        self.assertEqual(1, len(self.check(rules, "a.cpp", 'f("Alpha");')))

    def test_scope_part_finds_words_of_identifiers_only(self):
        rules = "part  alpha  x"
        self.assertEqual(1, len(self.check(rules, "a.cpp", "is_alpha(x);")))
        self.assertEqual(1, len(self.check(rules, "a.cpp", "// calls is_alpha")))
        self.assertEqual(1, len(self.check(rules, "a.md", "See isAlpha.")))
        self.assertEqual([], self.check(rules, "a.md", "An alpha of its own."))

    def test_scope_sentence_finds_first_words_only(self):
        rules = "sentence  What  ! x"
        for text in ("What is this.", "Yes. What is this.", "- What is this.", "a:\n\nWhat\nis."):
            self.assertEqual(1, len(self.check(rules, "a.md", text)), text)
        for text in ("What is this?", "What\nis this?", "So\nWhat is this.", "the What is this."):
            self.assertEqual([], self.check(rules, "a.md", text), text)

    def test_checks_the_names_of_files(self):
        rules = "phrase  by hand  manual\ncode  world  inputs"
        found = self.check(rules, "tests/by_hand_test.cpp", "")
        self.assertEqual(['tests/by_hand_test.cpp:1:1: path has "by hand": use "manual"'],
                         [one.replace("by_hand\"", "by hand\"") for one in found])
        self.assertEqual(1, len(self.check(rules, "tests/world.hpp", "")))
        self.assertEqual([], self.check(rules, "tests/inputs.hpp", ""))
        self.assertEqual([], self.check("prose  whatever  any", "whatever.cpp", ""))

    def test_digit_separators_and_quotes_do_not_hide_code(self):
        text = "int a = 1'000; char b = '\"'; Alpha c; // it's 5'\nAlpha d;"
        self.assertEqual(2, len(self.check("code  Alpha  x", "a.cpp", text)))


class ExceptionsTest(unittest.TestCase):
    RULES = "prose  alpha  x\nallow  docs/*  alpha particle  A term of physics.\n"

    def test_allows_a_finding_inside_the_pattern_only(self):
        rules = rule_set(self.RULES)
        found = rules.check("docs/a.md", "An alpha particle, and alpha.")
        self.assertEqual(['docs/a.md:1:24: "alpha": use "x"'], messages(found))
        self.assertEqual([], list(rules.unused()))

    def test_allows_only_in_files_that_match(self):
        self.assertEqual(1, len(rule_set(self.RULES).check("a.md", "An alpha particle")))

    def test_reports_an_exception_that_no_file_needs(self):
        rules = rule_set(self.RULES)
        rules.check("docs/a.md", "Nothing here.")
        self.assertEqual(
            ["tools/lint/words.txt:2:1: no file needs this exception: remove the line"],
            messages(rules.unused()),
        )

    def test_skips_files_of_skip_lines_and_files_of_unknown_types(self):
        rules = rule_set("skip  */corpus/*  Golden data.")
        self.assertTrue(rules.is_skipped("tests/unit/corpus/a.json"))
        self.assertTrue(rules.is_skipped("logo.png"))
        for path in ("a.cpp", "a.hpp", "a.go", "a.md", "a.yaml", "dev", "crds/a.yaml", "a.py"):
            self.assertFalse(rules.is_skipped(path), path)


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.git("init", "--quiet")
        # A .csv file is not checked itself.
        self.data = self.write("rules.csv", "prose  alpha  beta\n")

    def git(self, *arguments):
        # A Git hook sets variables such as GIT_DIR. With them, Git would use the wrong repository.
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        subprocess.run(["git", "-C", self.root, *arguments], check=True, env=clean)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        return full

    def run_lint(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = words.main(["--root", self.root, "--data", self.data, *arguments])
        return code, out.getvalue().splitlines()

    def test_checks_the_whole_tree_and_returns_1_for_a_finding(self):
        self.write("a.md", "alpha\n")
        self.write("good.md", "beta\n")
        self.data = self.write("rules.csv", "prose  alpha  beta\nallow  *  gamma  Nowhere.\n")
        expected = [
            'a.md:1:1: "alpha": use "beta"',
            "tools/lint/words.txt:2:1: no file needs this exception: remove the line",
        ]
        self.assertEqual((1, expected), self.run_lint())

    def test_returns_0_when_nothing_is_found(self):
        self.write("good.md", "beta\n")
        self.assertEqual((0, []), self.run_lint())

    def test_checks_the_files_that_are_named(self):
        bad, good = self.write("a.md", "alpha\n"), self.write("good.md", "beta\n")
        self.assertEqual((0, []), self.run_lint(good))
        self.assertEqual((1, ['a.md:1:1: "alpha": use "beta"']), self.run_lint(bad, good))

    def test_checks_the_files_in_a_folder_that_is_named(self):
        os.mkdir(os.path.join(self.root, "folder"))
        self.write("folder/a.md", "alpha\n")
        self.write("b.md", "alpha\n")
        code, lines = self.run_lint(os.path.join(self.root, "folder"))
        self.assertEqual((1, ['folder/a.md:1:1: "alpha": use "beta"']), (code, lines))

    def test_reports_a_named_file_that_does_not_exist(self):
        with self.assertRaises(SystemExit) as error:
            self.run_lint("nothing.md")
        self.assertEqual("word lint: there is no file or folder nothing.md", error.exception.code)

    def test_checks_staged_content_and_not_the_work_tree(self):
        self.write("a.md", "alpha\n")
        self.git("add", "a.md")
        self.write("a.md", "beta\n")
        self.write("b.md", "alpha\n")
        self.assertEqual((1, ['a.md:1:1: "alpha": use "beta"']), self.run_lint("--staged"))
        self.git("add", "a.md")
        self.assertEqual((0, []), self.run_lint("--staged"))

    def test_checks_a_commit_message(self):
        message = self.write("message", "net: count pods\n\nIt is alpha.\n")
        self.assertEqual(
            (1, ['commit message:3:7: "alpha": use "beta"']), self.run_lint("--commit-msg", message)
        )

    def test_ignores_deleted_and_binary_files(self):
        gone = self.write("gone.md", "alpha\n")
        self.git("add", "gone.md")
        os.remove(gone)
        self.write("binary.md", "alpha\0\n")
        self.assertEqual((0, []), self.run_lint())


if __name__ == "__main__":
    unittest.main()
