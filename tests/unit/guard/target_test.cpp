// Which revision is the target of a rollback, which is the last good one, and which are stored.
#include "guard/target.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::Revision;
using enum api::RevisionVerdict;

namespace {

// A revision with a snapshot. `since`: when it got its verdict, counted from noon.
Revision revision(int number, api::RevisionVerdict verdict, Duration since = 0s) {
  const std::string hash = "v" + std::to_string(number);
  return {.hash = TemplateHash(hash),
          .number = number,
          .verdict = verdict,
          .since = noon + since,
          .snapshot = "web-" + hash};
}

Revision without_snapshot(Revision revision) {
  revision.snapshot.clear();
  return revision;
}

Revision marked(Revision revision) {
  revision.no_rollback_past = true;
  return revision;
}

struct Row {
  const char* name;
  std::vector<Revision> revisions;   // newest first; the first is the current one
  const char* target;                // the hash of the target; empty: there is none
  const char* last_good;             // the hash of the last good revision; empty: there is none
  std::vector<std::string> why_not;  // words of the reason; empty: there is a target
  bool is_past_mark = false;         // the reason is a mark no-rollback-past
};

// The words in the reason why there is no target, if no revision is proven.
const std::vector<std::string> none_proven{"no other revision"};

// The words in the reason why there is no target, if the mark of revision `mark` forbids restoring
// revision `target`.
std::vector<std::string> blocked_by_mark(int mark, int target) {
  return {"revision " + std::to_string(mark), "lastgood.dev/no-rollback-past",
          "revision " + std::to_string(target)};
}

const std::vector<Row> table = {
    {"only the current revision, which is good", {revision(1, Good)}, "", "v1", none_proven},
    {"only the current revision, which is not proven",
     {revision(1, Evaluating)},
     "",
     "",
     none_proven},
    {"only the current revision, which is good and has no snapshot",
     {without_snapshot(revision(1, Good))},
     "",
     "v1",
     none_proven},
    {"the previous revision has no snapshot and was never proven",
     {revision(2, Evaluating), without_snapshot(revision(1, Superseded))},
     "",
     "",
     none_proven},
    {"the previous revision is good", {revision(2, Evaluating), revision(1, Good)}, "v1", "v1", {}},
    {"the previous revision is presumed good",
     {revision(2, Breached), revision(1, PresumedGood)},
     "v1",
     "v1",
     {}},
    {"the current revision is good: it is the last good one, but not the target",
     {revision(2, Good, 1h), revision(1, Good)},
     "v1",
     "v2",
     {}},
    {"the newer of two good revisions is the target",
     {revision(3, Evaluating), revision(2, Good, 1h), revision(1, Good)},
     "v2",
     "v2",
     {}},
    {"the revision that was proven last is the target, also if it is older",
     {revision(3, Evaluating), revision(2, Good), revision(1, Good, 1h)},
     "v1",
     "v1",
     {}},
    {"the newer revision is the target when both were proven at the same time",
     {revision(3, Evaluating), revision(2, Good), revision(1, Good)},
     "v2",
     "v2",
     {}},
    {"a rolled back revision is no target",
     {revision(3, Evaluating), revision(2, RolledBack, 1h), revision(1, Good)},
     "v1",
     "v1",
     {}},
    {"a breached revision is no target",
     {revision(3, Evaluating), revision(2, Breached, 1h), revision(1, Good)},
     "v1",
     "v1",
     {}},
    {"a superseded revision is no target",
     {revision(3, Evaluating), revision(2, Superseded, 1h), revision(1, Good)},
     "v1",
     "v1",
     {}},
    {"an inconclusive revision is no target",
     {revision(3, Evaluating), revision(2, Inconclusive, 1h), revision(1, Good)},
     "v1",
     "v1",
     {}},
    {"no revision is proven",
     {revision(4, Evaluating), revision(3, RolledBack), revision(2, Inconclusive),
      revision(1, Superseded)},
     "",
     "",
     none_proven},
    {"a newer good revision without a snapshot is skipped",
     {revision(3, Evaluating), without_snapshot(revision(2, Good, 1h)), revision(1, Good)},
     "v1",
     "v1",
     {}},
    {"the only good revision has no snapshot",
     {revision(2, Evaluating), without_snapshot(revision(1, Good))},
     "",
     "",
     {"revision 1"}},
    {"the current revision has the mark",
     {marked(revision(2, Breached)), revision(1, Good)},
     "",
     "v1",
     blocked_by_mark(2, 1),
     true},
    {"a revision between the current one and the target has the mark",
     {revision(3, Breached), marked(revision(2, Superseded)), revision(1, Good)},
     "",
     "v1",
     blocked_by_mark(2, 1),
     true},
    {"the target has the mark",
     {revision(3, Breached), marked(revision(2, Good, 1h)), revision(1, Good)},
     "v2",
     "v2",
     {}},
    {"a revision before the target has the mark",
     {revision(3, Breached), revision(2, Good, 1h), marked(revision(1, Good))},
     "v2",
     "v2",
     {}},
    {"the current revision has the mark and is good: it is the last good one",
     {marked(revision(2, Good, 1h)), revision(1, Good)},
     "",
     "v2",
     blocked_by_mark(2, 1),
     true},
};

}  // namespace

TEST_CASE("chooses the target and the last good revision, or says why there is none") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    const api::GuardStatus guard{.current = row.revisions.front(), .revisions = row.revisions};
    const TargetChoice target = choose_target(guard);
    CHECK((target.revision ? target.revision->hash.value : "") == row.target);
    CHECK(target.why_not.empty() == row.why_not.empty());
    CHECK_THAT(target.why_not, mentions(row.why_not));
    CHECK(target.is_past_mark == row.is_past_mark);
    const auto good = last_good(guard);
    CHECK((good ? good->hash.value : "") == row.last_good);
  }
}

TEST_CASE("chooses any proven revision when the current one is not known") {
  CHECK(choose_target({.revisions = {revision(1, Good)}}).revision->number == 1);
}

TEST_CASE("stores 20 of 30 good releases, with the newest two good ones") {
  DeploymentHarness harness = running_v1();
  for (int i = 2; i <= 30; ++i) {
    const std::string hash = "v" + std::to_string(i);
    const std::string before = "v" + std::to_string(i - 1);
    CAPTURE(hash);
    harness.ship(hash).reconcile();
    REQUIRE(harness.verdict(hash) == RevisionVerdict::Evaluating);
    REQUIRE(harness.guard.last_good->hash.value == before);
    harness.roll_out().reconcile().pass_checks_for(11min);
    REQUIRE(harness.verdict(hash) == RevisionVerdict::Good);
    REQUIRE(harness.guard.revisions.size() == static_cast<std::size_t>(std::min(i, 20)));
  }
  CHECK_FALSE(harness.verdict("v10").has_value());
  CHECK(harness.verdict("v11") == RevisionVerdict::Good);
}

TEST_CASE("stores the only good revision when 29 releases without a verdict follow it") {
  DeploymentHarness harness = running_v1();
  harness.policy.spec.max_revisions_back = 20;
  for (int i = 2; i <= 30; ++i) harness.ship("v" + std::to_string(i)).reconcile();
  CHECK(harness.guard.revisions.size() == 20);
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK(harness.guard.last_good->hash == TemplateHash("v1"));
  harness.roll_out().reconcile().fail_three_times();
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("stores the revisions of a resumed Rollback when the list is full") {
  DeploymentHarness harness = running_v1();
  harness.policy.spec.max_revisions_back = 20;
  for (int i = 2; i <= 30; ++i) harness.ship("v" + std::to_string(i)).reconcile();
  const auto before = harness.guard;
  harness.ship("v31").reconcile().roll_out().reconcile().fail_three_times();
  REQUIRE(harness.rollbacks_created == 1);
  harness.restart_with(before).reconcile();
  CHECK(harness.guard.revisions.size() == 20);
  CHECK(harness.verdict("v31") == RevisionVerdict::RolledBack);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE("holds at the mark of a revision that was replaced before it was reconciled") {
  DeploymentHarness harness = running_v1();
  harness.ship("v2").replica_sets.back().no_rollback_past = true;
  harness.ship("v3").reconcile().roll_out().reconcile().fail_three_times();
  CHECK(harness.state() == held(Reason::NoRollbackPast));
  CHECK(harness.restorations == 0);
}

TEST_CASE("stores the good revision and a mark when 29 marked releases follow it") {
  DeploymentHarness harness = running_v1();
  for (int i = 2; i <= 30; ++i) {
    harness.ship("v" + std::to_string(i)).replica_sets.back().no_rollback_past = true;
    harness.reconcile();
    REQUIRE(harness.guard.revisions.size() <= 20);
  }
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  harness.ship("v31").reconcile().roll_out().reconcile().fail_three_times();
  CHECK(harness.state() == held(Reason::NoRollbackPast));
}

TEST_CASE("stores a marked revision when 30 releases follow it and a good one is before it") {
  DeploymentHarness harness = running_v1();
  harness.ship("v2").replica_sets.back().no_rollback_past = true;
  harness.reconcile();
  harness.replica_sets.clear();
  for (int i = 3; i <= 32; ++i) harness.ship("v" + std::to_string(i)).reconcile();
  CHECK(harness.guard.revisions.size() == 20);
  harness.roll_out().reconcile().fail_three_times();
  CHECK(harness.state() == held(Reason::NoRollbackPast));
}

TEST_CASE("holds at a no-rollback-past mark, and rolls back without one") {
  for (const bool is_marked : {true, false}) {
    CAPTURE(is_marked);
    DeploymentHarness harness = running_v1();
    harness.ship("v2").replica_sets.back().no_rollback_past = is_marked;
    harness.reconcile().roll_out().reconcile().fail_three_times();
    CHECK((harness.state() == held(Reason::NoRollbackPast)) == is_marked);
    CHECK(harness.restorations == (is_marked ? 0 : 1));
  }
}
