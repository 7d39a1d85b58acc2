// Which revision is put back, which is shown as the last good one, and how many are remembered.
#include "guard/target.hpp"

#include <catch2/catch.hpp>

#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::Revision;
using enum api::RevisionVerdict;

namespace {

Revision revision(int number, api::RevisionVerdict verdict, Duration since = 0s, bool kept = true) {
  const std::string hash = "v" + std::to_string(number);
  return {.hash = TemplateHash(hash),
          .number = number,
          .verdict = verdict,
          .since = noon + since,
          .snapshot = kept ? "web-" + hash : ""};
}

Revision marked(Revision revision) {
  revision.no_rollback_past = true;
  return revision;
}

struct Row {
  const char* name;
  std::vector<Revision> revisions;  // newest first; the first is the current one
  const char* target;               // its hash; empty: none
  const char* last_good;
  std::string why_not;
  bool is_past_mark = false;
};

const char* const never = "no other revision of this Deployment is kept as proven good";

std::string past(int mark, int target) {
  return "revision " + std::to_string(mark) +
         " is marked lastgood.dev/no-rollback-past, so revision " + std::to_string(target) +
         " cannot be gone back to";
}

const std::vector<Row> table = {
    {"only the current one", {revision(1, Good)}, "", "v1", never},
    {"only the current one, not proven", {revision(1, Evaluating)}, "", "", never},
    {"the one before is good", {revision(2, Evaluating), revision(1, Good)}, "v1", "v1", ""},
    {"the one before is presumed good",
     {revision(2, Breached), revision(1, PresumedGood)},
     "v1",
     "v1",
     ""},
    {"the current one is good: it is the last good, not the target",
     {revision(2, Good, 1h), revision(1, Good)},
     "v1",
     "v2",
     ""},
    {"the newer of two",
     {revision(3, Evaluating), revision(2, Good, 1h), revision(1, Good)},
     "v2",
     "v2",
     ""},
    {"the one proven later, though its place is older",
     {revision(3, Evaluating), revision(2, Good), revision(1, Good, 1h)},
     "v1",
     "v1",
     ""},
    {"the newer place where both were proven at once",
     {revision(3, Evaluating), revision(2, Good), revision(1, Good)},
     "v2",
     "v2",
     ""},
    {"what was put back is not a target",
     {revision(3, Evaluating), revision(2, RolledBack, 1h), revision(1, Good)},
     "v1",
     "v1",
     ""},
    {"what was breached is not",
     {revision(3, Evaluating), revision(2, Breached, 1h), revision(1, Good)},
     "v1",
     "v1",
     ""},
    {"what was superseded is not",
     {revision(3, Evaluating), revision(2, Superseded, 1h), revision(1, Good)},
     "v1",
     "v1",
     ""},
    {"what was never judged is not",
     {revision(3, Evaluating), revision(2, Inconclusive, 1h), revision(1, Good)},
     "v1",
     "v1",
     ""},
    {"none of these",
     {revision(4, Evaluating), revision(3, RolledBack), revision(2, Inconclusive),
      revision(1, Superseded)},
     "",
     "",
     never},
    {"a newer one that is not kept is passed over",
     {revision(3, Evaluating), revision(2, Good, 1h, false), revision(1, Good)},
     "v1",
     "v1",
     ""},
    {"the only good one is not kept",
     {revision(2, Evaluating), revision(1, Good, 0s, false)},
     "",
     "",
     "revision 1 was good, but its template is not kept"},
    {"the present one is marked",
     {marked(revision(2, Breached)), revision(1, Good)},
     "",
     "",
     past(2, 1),
     true},
    {"one between is marked",
     {revision(3, Breached), marked(revision(2, Superseded)), revision(1, Good)},
     "",
     "",
     past(2, 1),
     true},
    {"the target itself is marked: it is not gone back past",
     {revision(3, Breached), marked(revision(2, Good, 1h)), revision(1, Good)},
     "v2",
     "v2",
     ""},
    {"one behind the target is marked",
     {revision(3, Breached), revision(2, Good, 1h), marked(revision(1, Good))},
     "v2",
     "v2",
     ""},
    {"the present one is marked and good: it stays the last good one",
     {marked(revision(2, Good, 1h)), revision(1, Good)},
     "",
     "v2",
     past(2, 1),
     true},
};

}  // namespace

TEST_CASE("The target, the last good revision, and why there is none") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    const api::GuardStatus guard{.current = row.revisions.front(), .revisions = row.revisions};
    const TargetChoice target = choose_target(guard);
    CHECK((target.revision ? target.revision->hash.value : "") == row.target);
    CHECK(target.why_not == row.why_not);
    CHECK(target.is_past_mark == row.is_past_mark);
    const auto good = last_good(guard);
    CHECK((good ? good->hash.value : "") == row.last_good);
  }
}

TEST_CASE("Without a present revision every proven one may be the target") {
  CHECK(choose_target({.revisions = {revision(1, Good)}}).revision->number == 1);
}

TEST_CASE(
    "Thirty good releases in a row: twenty are remembered, and the newest two good ones are always "
    "among them") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  for (int i = 2; i <= 30; ++i) {
    const std::string hash = "v" + std::to_string(i);
    const std::string before = "v" + std::to_string(i - 1);
    CAPTURE(hash);
    harness.ship(hash).look();
    REQUIRE(harness.verdict(hash) == RevisionVerdict::Evaluating);
    REQUIRE(harness.guard.last_good->hash.value == before);
    harness.roll_out().look().watch_well(11min);
    REQUIRE(harness.verdict(hash) == RevisionVerdict::Good);
    REQUIRE(harness.guard.revisions.size() == static_cast<std::size_t>(std::min(i, 20)));
  }
  CHECK_FALSE(harness.verdict("v10").has_value());
  CHECK(harness.verdict("v11") == RevisionVerdict::Good);
}

TEST_CASE("Thirty bad releases in a row: the one good revision behind them is not forgotten") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  for (int i = 2; i <= 30; ++i) harness.ship("v" + std::to_string(i)).look();
  CHECK(harness.guard.revisions.size() == 20);
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK(harness.guard.last_good->hash == TemplateHash("v1"));
  harness.roll_out().look().fail_thrice();
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("A record that is gone on with finds room in a full list") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  for (int i = 2; i <= 30; ++i) harness.ship("v" + std::to_string(i)).look();
  const auto before = harness.guard;
  harness.ship("v31").look().roll_out().look().fail_thrice();
  REQUIRE(harness.records == 1);
  harness.restart_with(before).look();
  CHECK(harness.guard.revisions.size() == 20);
  CHECK(harness.verdict("v31") == RevisionVerdict::RolledBack);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE("A marked revision that came and went while nobody looked is not gone back past either") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  harness.ship("v2").sets.back().no_rollback_past = true;
  harness.ship("v3").look().roll_out().look().fail_thrice();
  CHECK(harness.state() == held(Reason::NoRollbackPast));
  CHECK(harness.template_changes == 0);
}

TEST_CASE(
    "Thirty marked releases in a row: the list keeps to its room, the one good revision behind "
    "them and a mark before it") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  for (int i = 2; i <= 30; ++i) {
    harness.ship("v" + std::to_string(i)).sets.back().no_rollback_past = true;
    harness.look();
    REQUIRE(harness.guard.revisions.size() <= 20);
  }
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  harness.ship("v31").look().roll_out().look().fail_thrice();
  CHECK(harness.state() == held(Reason::NoRollbackPast));
}

TEST_CASE(
    "One marked release and thirty behind it: the mark is not forgotten as long as there is "
    "something before it") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  harness.ship("v2").sets.back().no_rollback_past = true;
  harness.look();
  harness.sets.clear();
  for (int i = 3; i <= 32; ++i) harness.ship("v" + std::to_string(i)).look();
  CHECK(harness.guard.revisions.size() == 20);
  harness.roll_out().look().fail_thrice();
  CHECK(harness.state() == held(Reason::NoRollbackPast));
}

TEST_CASE("Golden: what is marked is not gone back past, and what is not is") {
  for (const bool is_mark : {true, false}) {
    CAPTURE(is_mark);
    DeploymentHarness harness;
    harness.ship("v1").roll_out().look().look();
    harness.ship("v2").sets.back().no_rollback_past = is_mark;
    harness.look().roll_out().look().fail_thrice();
    CHECK((harness.state() == held(Reason::NoRollbackPast)) == is_mark);
    CHECK(harness.template_changes == (is_mark ? 0 : 1));
  }
}
