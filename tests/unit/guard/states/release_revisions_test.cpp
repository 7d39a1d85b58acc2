// The fields of each revision in the guard: number, ReplicaSet, snapshot, no-rollback-past and
// author.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

// The guard after a reconcile with `inputs`.
api::GuardStatus reconciled(const Inputs& inputs, Time now) { return decide(inputs, now).guard; }

api::Revision* find(api::GuardStatus& guard, const std::string& hash) {
  const auto found = std::ranges::find(guard.revisions, TemplateHash(hash), &api::Revision::hash);
  return found == guard.revisions.end() ? nullptr : &*found;
}

std::vector<std::string> hashes(const api::GuardStatus& guard) {
  std::vector<std::string> found;
  for (const api::Revision& one : guard.revisions) found.push_back(one.hash.value);
  return found;
}

// v1 was restored, and the Deployment controller has created the ReplicaSet of v1 again, with the
// template hash `hash_of_v1`.
Inputs restored_with_hash(const std::string& hash_of_v1) {
  DeploymentHarness web = pending_rollback();
  web.deployment.meta.annotations[rolled_back_by] = web.rollback->meta.key.name;
  web.deployment.meta.generation += 1;
  web.deployment.template_digest = TemplateDigest(hash_of_v1);
  web.rollback->status.template_restored = web.now;
  web.rollback->status.phase = RollbackPhase::TemplateRestored;
  web.guard.state = api::State::RollingBack;
  web.guard.rolled_out = noon;
  web.replica_sets[0].hash = TemplateHash(hash_of_v1);
  web.replica_sets[0].meta.uid = Uid("new-uid");
  web.replica_sets[0].revision = 3;
  return web.inputs();
}

}  // namespace

TEST_CASE("stores a new release with the fields of its ReplicaSet and its author") {
  DeploymentHarness web = running_v1();
  web.ship("v2");
  web.replica_sets[1].no_rollback_past = true;
  web.reconcile();
  const api::Revision expected{.hash = TemplateHash("v2"),
                               .replica_set = Uid("rs-v2"),
                               .number = 2,
                               .verdict = RevisionVerdict::Evaluating,
                               .since = web.now,
                               .snapshot = {},
                               .no_rollback_past = true,
                               .released_by = user.name};
  CHECK(web.guard.current == expected);
  CHECK(web.guard.revisions.front() == expected);
}

TEST_CASE("stores no author when the author of the template is unknown") {
  DeploymentHarness web = running_v1();
  web.author.reset();
  web.ship("v2").reconcile();
  CHECK(web.guard.current->released_by.empty());
}

TEST_CASE("keeps the snapshot and verdict of a proven revision when it is shipped again") {
  DeploymentHarness web = running_v1();
  web.ship("v2").reconcile().ship("v1").reconcile();
  CHECK(hashes(web.guard) == std::vector<std::string>{"v1", "v2"});
  CHECK(find(web.guard, "v1")->snapshot == "web-v1");
  CHECK(find(web.guard, "v1")->verdict == RevisionVerdict::PresumedGood);
  CHECK(web.guard.current->snapshot.empty());
}

TEST_CASE("clears the fields of the previous release when it evaluates a new release") {
  DeploymentHarness web = pending_rollback();
  web.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = noon};
  web.guard.pending = "web-2-1b4e";
  web.ship("v3").reconcile();
  CHECK(web.state() == evaluating(Reason::RollingOut));
  CHECK(web.guard.evaluation_started == web.now);
  CHECK(web.guard.pending.empty());
  CHECK_FALSE(web.guard.declined.has_value());
  CHECK_FALSE(web.guard.rolled_out.has_value());
}

TEST_CASE("keeps the verdict and snapshot of the restored revision, and takes its new ReplicaSet") {
  const Inputs inputs = restored_with_hash("v1");
  api::GuardStatus guard = reconciled(inputs, noon + 3h);
  CHECK(hashes(guard) == std::vector<std::string>{"v1", "v2"});
  CHECK(guard.current->verdict == RevisionVerdict::PresumedGood);
  CHECK(guard.current->replica_set == Uid("new-uid"));
  CHECK(guard.current->number == 3);
  CHECK(guard.current->snapshot == "web-v1");
  CHECK(guard.revisions.front() == *guard.current);
  CHECK_FALSE(guard.rolled_out.has_value());
  CHECK(guard.checks.empty());
}

TEST_CASE(
    "keeps the verdict but not the snapshot of a revision that is restored with another hash") {
  const Inputs inputs = restored_with_hash("v1b");
  api::GuardStatus guard = reconciled(inputs, noon + 3h);
  CHECK(hashes(guard) == std::vector<std::string>{"v1b", "v2"});
  CHECK(guard.current->verdict == RevisionVerdict::PresumedGood);
  CHECK(guard.current->snapshot.empty());
  CHECK(guard.revisions.front() == *guard.current);
}

TEST_CASE("takes the restored revision from the Rollback when the guard does not list it") {
  Inputs inputs = restored_with_hash("v1");
  std::erase_if(inputs.guard.revisions,
                [](const api::Revision& one) { return one.hash == TemplateHash("v1"); });
  inputs.rollback->spec.to.verdict = RevisionVerdict::Good;
  const api::GuardStatus guard = reconciled(inputs, noon + 3h);
  CHECK(hashes(guard) == std::vector<std::string>{"v1", "v2"});
  CHECK(guard.current->verdict == RevisionVerdict::Good);
}

TEST_CASE("updates the number and ReplicaSet of all revisions") {
  DeploymentHarness web = baking_v2();
  web.replica_sets[0].revision = 7;
  web.replica_sets[0].meta.uid = Uid("new-uid-v1");
  web.replica_sets[1].revision = 8;
  web.replica_sets[1].meta.uid = Uid("new-uid-v2");
  Inputs inputs = web.inputs();
  inputs.replica_sets = web.replica_sets;
  inputs.replica_sets->at(1).is_current = true;
  api::GuardStatus guard = reconciled(inputs, web.now);
  CHECK(find(guard, "v1")->number == 7);
  CHECK(find(guard, "v1")->replica_set == Uid("new-uid-v1"));
  CHECK(find(guard, "v2")->number == 8);
  CHECK(find(guard, "v2")->replica_set == Uid("new-uid-v2"));
  CHECK(guard.current->number == 8);
  CHECK(guard.current->replica_set == Uid("new-uid-v2"));
}

TEST_CASE("keeps the number of a revision whose ReplicaSet has no number yet") {
  DeploymentHarness web = baking_v2();
  Inputs inputs = web.inputs();
  inputs.replica_sets = web.replica_sets;
  inputs.replica_sets->at(1).is_current = true;
  for (auto& set : *inputs.replica_sets) set.revision = 0;
  api::GuardStatus guard = reconciled(inputs, web.now);
  CHECK(find(guard, "v1")->number == 1);
  CHECK(guard.current->number == 2);
}

TEST_CASE("lists a revision with no-rollback-past that it never saw, ordered by its number") {
  DeploymentHarness web = baking_v2();
  api::ReplicaSet marked = replica_set("marked", false, 5);
  marked.no_rollback_past = true;
  api::ReplicaSet marked_without_hash = marked;
  marked_without_hash.hash = {};
  web.replica_sets[1].revision = 6;
  web.replica_sets.push_back(marked);
  web.replica_sets.push_back(marked_without_hash);
  Inputs inputs = web.inputs();
  inputs.replica_sets = web.replica_sets;
  inputs.replica_sets->at(1).is_current = true;
  api::GuardStatus guard = reconciled(inputs, web.now);
  CHECK(hashes(guard) == std::vector<std::string>{"v2", "marked", "v1"});
  CHECK(guard.revisions[1] == api::Revision{.hash = TemplateHash("marked"),
                                            .replica_set = Uid("rs-marked"),
                                            .number = 5,
                                            .verdict = RevisionVerdict::Superseded,
                                            .since = web.now,
                                            .snapshot = {},
                                            .no_rollback_past = true,
                                            .released_by = {}});
  inputs.guard = guard;
  CHECK(reconciled(inputs, web.now).revisions.size() == 3);
}

TEST_CASE("reports Good, without an Event, for a proven revision that runs after a new opt-in") {
  DeploymentHarness web = running_v1();
  web.opt_out().reconcile().opt_in().events.clear();
  web.reconcile();
  CHECK(web.state() == idle(Reason::Good));
  CHECK(web.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  CHECK(web.emitted(Reason::PresumedGood) == 0);
}

TEST_CASE("waits a second for a status of the present generation at the first reconcile") {
  DeploymentHarness web;
  web.ship("v1").reconcile();
  CHECK(web.state() == idle(Reason::WaitingForStatus));
  CHECK(web.requeue_after() == 1s);
}

TEST_CASE("emits RolledBack once when v2 is applied again before its rollback was seen") {
  DeploymentHarness web = baking_v2();
  web.fail_three_times();
  REQUIRE(web.rollback->status.template_restored.has_value());
  web.rollback->status.phase = RollbackPhase::Superseded;
  web.ship("v2").reconcile();
  CHECK(web.verdict("v2") != RevisionVerdict::RolledBack);
  CHECK(web.emitted(Reason::RolledBack) == 1);
  CHECK(web.guard.rollbacks.size() == 1);
}
