// The fields of each revision in the guard: number, ReplicaSet, snapshot, mark and author.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

constexpr const char* mark_key = "lastgood.dev/rolled-back-by";

// The plan of the first reconcile that sees the template of `harness`.
api::GuardStatus recognised(const Inputs& inputs, Time now) { return decide(inputs, now).guard; }

api::Revision* find(api::GuardStatus& guard, const std::string& hash) {
  const auto found = std::ranges::find(guard.revisions, TemplateHash(hash), &api::Revision::hash);
  return found == guard.revisions.end() ? nullptr : &*found;
}

std::vector<std::string> hashes(const api::GuardStatus& guard) {
  std::vector<std::string> found;
  for (const api::Revision& one : guard.revisions) found.push_back(one.hash.value);
  return found;
}

// v1 was restored by the patch, and the Deployment controller made its ReplicaSet again.
Inputs restoration(const std::string& hash_of_v1) {
  DeploymentHarness web = pending_rollback();
  web.deployment.meta.annotations[mark_key] = web.rollback->meta.key.name;
  web.deployment.meta.generation += 1;
  web.deployment.template_digest = TemplateDigest(hash_of_v1);
  web.rollback->status.template_restored = web.now;
  web.rollback->status.phase = RollbackPhase::TemplateRestored;
  web.guard.state = api::State::RollingBack;
  web.guard.rolled_out = noon;
  web.sets[0].hash = TemplateHash(hash_of_v1);
  web.sets[0].meta.uid = Uid("new-uid");
  web.sets[0].revision = 3;
  return web.inputs();
}

}  // namespace

TEST_CASE("remembers a release as its ReplicaSet and its author are now") {
  DeploymentHarness web = running_v1();
  web.ship("v2");
  web.sets[1].no_rollback_past = true;
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

TEST_CASE("remembers no author when the author of the template is not known") {
  DeploymentHarness web = running_v1();
  web.author.reset();
  web.ship("v2").reconcile();
  CHECK(web.guard.current->released_by.empty());
}

TEST_CASE("keeps one entry, with its snapshot and verdict, when a proven revision is shipped") {
  DeploymentHarness web = running_v1();
  web.ship("v2").reconcile().ship("v1").reconcile();
  CHECK(hashes(web.guard) == std::vector<std::string>{"v1", "v2"});
  CHECK(find(web.guard, "v1")->snapshot == "web-v1");
  CHECK(find(web.guard, "v1")->verdict == RevisionVerdict::PresumedGood);
  CHECK(web.guard.current->snapshot.empty());
}

TEST_CASE("starts an evaluation without results, hold or pending Rollback of the one before") {
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

TEST_CASE("accepts the restored revision with its verdict, and with its new ReplicaSet") {
  const Inputs inputs = restoration("v1");
  api::GuardStatus guard = recognised(inputs, noon + 3h);
  CHECK(hashes(guard) == std::vector<std::string>{"v1", "v2"});
  CHECK(guard.current->verdict == RevisionVerdict::PresumedGood);
  CHECK(guard.current->replica_set == Uid("new-uid"));
  CHECK(guard.current->number == 3);
  CHECK(guard.current->snapshot == "web-v1");
  CHECK(guard.revisions.front() == *guard.current);
  CHECK_FALSE(guard.rolled_out.has_value());
  CHECK(guard.checks.empty());
}

TEST_CASE("accepts the restored revision under another hash, without its snapshot") {
  const Inputs inputs = restoration("v1b");
  api::GuardStatus guard = recognised(inputs, noon + 3h);
  CHECK(hashes(guard) == std::vector<std::string>{"v1b", "v2"});
  CHECK(guard.current->verdict == RevisionVerdict::PresumedGood);
  CHECK(guard.current->snapshot.empty());
  CHECK(guard.revisions.front() == *guard.current);
}

TEST_CASE("takes the target from the record when the status has forgotten it") {
  Inputs inputs = restoration("v1");
  std::erase_if(inputs.guard.revisions,
                [](const api::Revision& one) { return one.hash == TemplateHash("v1"); });
  inputs.rollback->spec.to.verdict = RevisionVerdict::Good;
  const api::GuardStatus guard = recognised(inputs, noon + 3h);
  CHECK(hashes(guard) == std::vector<std::string>{"v1", "v2"});
  CHECK(guard.current->verdict == RevisionVerdict::Good);
}

TEST_CASE("follows the numbers and uids of the ReplicaSets of all revisions") {
  DeploymentHarness web = baking_v2();
  web.sets[0].revision = 7;
  web.sets[0].meta.uid = Uid("again");
  web.sets[1].revision = 8;
  web.sets[1].meta.uid = Uid("present");
  Inputs inputs = web.inputs();
  inputs.replica_sets = web.sets;
  inputs.replica_sets->at(1).is_current = true;
  api::GuardStatus guard = recognised(inputs, web.now);
  CHECK(find(guard, "v1")->number == 7);
  CHECK(find(guard, "v1")->replica_set == Uid("again"));
  CHECK(find(guard, "v2")->number == 8);
  CHECK(find(guard, "v2")->replica_set == Uid("present"));
  CHECK(guard.current->number == 8);
  CHECK(guard.current->replica_set == Uid("present"));
}

TEST_CASE("keeps the number of a revision whose ReplicaSet has none yet") {
  DeploymentHarness web = baking_v2();
  Inputs inputs = web.inputs();
  inputs.replica_sets = web.sets;
  inputs.replica_sets->at(1).is_current = true;
  for (auto& set : *inputs.replica_sets) set.revision = 0;
  api::GuardStatus guard = recognised(inputs, web.now);
  CHECK(find(guard, "v1")->number == 1);
  CHECK(guard.current->number == 2);
}

TEST_CASE("remembers a marked ReplicaSet that it never saw, in its place by number") {
  DeploymentHarness web = baking_v2();
  api::ReplicaSet marked = replica_set("marked", false, 5);
  marked.no_rollback_past = true;
  api::ReplicaSet unnamed = marked;
  unnamed.hash = {};
  web.sets[1].revision = 6;
  web.sets.push_back(marked);
  web.sets.push_back(unnamed);
  Inputs inputs = web.inputs();
  inputs.replica_sets = web.sets;
  inputs.replica_sets->at(1).is_current = true;
  api::GuardStatus guard = recognised(inputs, web.now);
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
  CHECK(recognised(inputs, web.now).revisions.size() == 3);
}

TEST_CASE(
    "says Good, and emits nothing, for a proven revision that is first seen after an opt-in") {
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

TEST_CASE("quarantines a release whose rollback was superseded before it was seen") {
  DeploymentHarness web = baking_v2();
  web.fail_three_times();
  REQUIRE(web.rollback->status.template_restored.has_value());
  web.rollback->status.phase = RollbackPhase::Superseded;
  web.ship("v2").reconcile();
  CHECK(web.verdict("v2") != RevisionVerdict::RolledBack);
  CHECK(web.emitted(Reason::RolledBack) == 1);
  CHECK(web.guard.rollbacks.size() == 1);
}
