// The recognition of the present template: names and counts in messages, ReplicaSets without a
// number, and the state while the template has no ReplicaSet.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

// The note of the last Event with that reason.
std::string last_note(const DeploymentHarness& web, Reason reason) {
  std::string note;
  for (const EventRecord& event : web.events) {
    if (event.reason == reason) note = event.note;
  }
  return note;
}

std::vector<std::string> hashes(const api::GuardStatus& guard) {
  std::vector<std::string> found;
  for (const api::Revision& one : guard.revisions) found.push_back(one.hash.value);
  return found;
}

// The Rollback of v2 has restored the template v1, and no reconcile has seen that yet.
DeploymentHarness unseen_restoration() {
  DeploymentHarness web = baking_v2().fail_three_times();
  REQUIRE(web.deployed_template() == "v1");
  REQUIRE(web.current() == HashAndVerdict{"v2", RevisionVerdict::Breached});
  return web;
}

// v2 was rolled back to v1, which was verified.
DeploymentHarness verified_v1() {
  DeploymentHarness web = restored_v1().roll_out().reconcile().pass_checks_for(6min);
  REQUIRE(web.state() == idle(Reason::RolledBack));
  return web;
}

}  // namespace

TEST_CASE("says of the first revision that it was not complete, and of the next that it is new") {
  DeploymentHarness web;
  web.ship("v1").roll_out_partly().reconcile();
  CHECK_THAT(last_note(web, Reason::ReleaseSeen), mentions({"revision 1 (web-v1)", "first seen"}));
  web.ship("v2").reconcile();
  CHECK_THAT(last_note(web, Reason::ReleaseSeen), mentions({"revision 2 (web-v2)", "new release"}));
}

TEST_CASE("says why a revision is presumed good") {
  DeploymentHarness web;
  web.ship("v1").roll_out().reconcile();
  REQUIRE(web.state() == idle(Reason::PresumedGood));
  CHECK_THAT(web.guard.message, mentions({"revision 1 (web-v1)", "first seen"}));
}

TEST_CASE("names the tool that applies a rolled back template again, but not a user") {
  DeploymentHarness by_user = verified_v1();
  by_user.ship("v2").reconcile();
  const std::string note = last_note(by_user, Reason::ReleaseSeen);
  CHECK_THAT(note, mentions({"revision 3 (web-v2)", "rolled back before"}));
  CHECK_FALSE(note.contains(": "));

  DeploymentHarness by_tool = verified_v1();
  by_tool.author = tool;
  by_tool.ship("v2").reconcile();
  CHECK_THAT(last_note(by_tool, Reason::ReleaseSeen),
             mentions({"revision 3 (web-v2)", tool.name, "1 consecutive time"}));
}

TEST_CASE("stores the ReplicaSet of a release when that ReplicaSet has no number yet") {
  DeploymentHarness web = running_v1();
  web.ship("v2");
  web.replica_sets[1].revision = 0;
  web.reconcile();
  REQUIRE(web.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(web.guard.current->replica_set == Uid("rs-v2"));
}

TEST_CASE("keeps the number of a restored revision until its new ReplicaSet has a number") {
  DeploymentHarness web = unseen_restoration();
  web.replica_sets[0].meta.uid = Uid("new-uid");
  web.replica_sets[0].revision = 0;
  web.reconcile();
  CHECK(web.guard.current->replica_set == Uid("new-uid"));
  CHECK(web.guard.current->number == 1);
  CHECK(web.guard.revisions.front() == *web.guard.current);
}

// As the API server stores it, spec.to has no verdict.
TEST_CASE("takes the verdict of a restored revision from the list, not from the Rollback") {
  DeploymentHarness web = unseen_restoration();
  web.rollback->spec.to.verdict = {};
  web.reconcile();
  CHECK(web.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE("keeps at most 20 revisions when a restored revision is added to the list") {
  DeploymentHarness web = unseen_restoration();
  const api::Revision bad = web.guard.revisions.front();
  web.guard.revisions = {bad};
  for (int i = 1; i < 20; ++i)
    web.guard.revisions.push_back(
        {.hash = TemplateHash("old" + std::to_string(i)), .verdict = RevisionVerdict::Superseded});
  web.reconcile();
  CHECK(web.guard.revisions.size() == 20);
  CHECK(web.guard.revisions.front().hash == TemplateHash("v1"));
}

TEST_CASE("lists an unseen revision with no-rollback-past after one with the same number") {
  DeploymentHarness web = running_v1();
  api::ReplicaSet marked = replica_set("marked", false, 1);
  marked.no_rollback_past = true;
  web.replica_sets.push_back(marked);
  web.ship("v2").reconcile();
  CHECK(hashes(web.guard) == std::vector<std::string>{"v2", "v1", "marked"});
}

TEST_CASE("evaluates the restored template as a release when its Rollback was superseded") {
  DeploymentHarness web = unseen_restoration();
  web.rollback->status.phase = RollbackPhase::Superseded;
  web.reconcile();
  CHECK(web.current() == HashAndVerdict{"v1", RevisionVerdict::Evaluating});
}

TEST_CASE("evaluates a template with an unknown hash as a release while the Rollback is pending") {
  DeploymentHarness web = pending_rollback();
  web.deployment.meta.annotations[rolled_back_by] = web.rollback->meta.key.name;
  web.ship("v1-with-another-hash").reconcile();
  CHECK(web.current() == HashAndVerdict{"v1-with-another-hash", RevisionVerdict::Evaluating});
  CHECK(web.phase() == RollbackPhase::Superseded);
}

TEST_CASE("does not quarantine a breached release that is replaced before its rollback") {
  DeploymentHarness web = pending_rollback();
  web.ship("v3").reconcile();
  CHECK(web.verdict("v2") == RevisionVerdict::Breached);
  CHECK(web.emitted(Reason::RolledBack) == 0);
  CHECK(web.emitted(Reason::ReleaseSuperseded) == 1);
}

TEST_CASE("does not report a breached release as replaced when its template is applied again") {
  DeploymentHarness web = unseen_restoration();
  web.ship("v2").reconcile();
  REQUIRE(web.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(web.emitted(Reason::ReleaseSuperseded) == 0);
}

TEST_CASE("clears the name of a pending Rollback that no longer exists when a release follows") {
  DeploymentHarness web = pending_rollback(api::Mode::Approve);
  web.reconcile({fails("health")});
  REQUIRE_FALSE(web.guard.pending.empty());
  web.rollback.reset();
  web.ship("v3").reconcile();
  CHECK(web.guard.pending.empty());
}

TEST_CASE("leaves Held when a new template has no ReplicaSet and no Rollback is recorded") {
  DeploymentHarness web = baking_v2();
  web.policy.pause_until = web.now + 1h;
  web.fail_three_times();
  REQUIRE(web.state() == held(Reason::PausedUntil));
  web.ship_without_replica_set("v3").reconcile();
  CHECK(web.state() == evaluating(Reason::WaitingForReplicaSet));
}

TEST_CASE("keeps the reason of a freeze while a new template has no ReplicaSet") {
  DeploymentHarness web = restored_v1();
  web.rollback->status.phase = RollbackPhase::Failed;
  web.rollback->status.message = "the restored revision did not roll out";
  web.reconcile();
  REQUIRE(web.state() == frozen(Reason::RollbackFailed));
  const std::optional<api::Freeze> freeze = web.guard.freeze;
  web.ship_without_replica_set("v3").reconcile();
  CHECK(web.state() == frozen(Reason::RollbackFailed));
  CHECK(web.guard.freeze == freeze);
}

// An upgrade of the controller may change how it computes the digest.
TEST_CASE("continues the verification when only the digest of the restored template changes") {
  DeploymentHarness web = restored_v1().roll_out().reconcile();
  web.pass_checks_for(1min);
  REQUIRE(web.state() == verifying(Reason::RolledOut));
  const std::optional<Time> rolled_out = web.guard.rolled_out;
  const std::vector<api::CheckStatus> checks = web.guard.checks;
  web.guard.template_digest = TemplateDigest("earlier digest of v1");
  web.pass_time(10s).reconcile();
  CHECK(web.guard.rolled_out == rolled_out);
  CHECK(web.guard.checks == checks);
}
