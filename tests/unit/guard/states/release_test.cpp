// How a plan recognizes the present template: first seen, unchanged, new, or restored by a
// rollback.
#include <catch2/catch.hpp>

#include "guard/preflight_schedule.hpp"
#include "rollback/record.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

api::Revision listed_revision(const std::string& hash, api::RevisionVerdict verdict) {
  return {.hash = TemplateHash(hash),
          .replica_set = Uid("rs-" + hash),
          .number = 1,
          .verdict = verdict,
          .since = noon - 1h,
          .snapshot = verdict == api::RevisionVerdict::Good ? "web-" + hash : ""};
}

// The template `present` is rolled out completely. In the guard v2 is current and breached, and v1
// was good.
struct TemplateCase {
  Inputs inputs = {};

  explicit TemplateCase(const std::string& present) {
    inputs.policy = web_policy();
    inputs.deployment.meta = {
        .key = {.namespace_ = "shop", .name = "web"}, .uid = Uid("1b4e-uid"), .generation = 8};
    inputs.deployment.observed_generation = 8;
    inputs.deployment.replicas = inputs.deployment.updated_replicas =
        inputs.deployment.status_replicas = inputs.deployment.available_replicas = 3;
    inputs.deployment.template_digest = TemplateDigest(present);
    inputs.replica_sets =
        std::vector{replica_set("v1", present == "v1", 3), replica_set("v2", present == "v2", 2)};
    inputs.preflight = api::Preflight{.ready = api::ConditionStatus::True,
                                      .reason = Reason::Ready,
                                      .generation = 8,
                                      .target = "web-v1",
                                      .at = noon};
    if (present == "v3") inputs.replica_sets->push_back(replica_set("v3", true, 4));
    auto& guard = inputs.guard;
    guard.deployment_uid = inputs.deployment.meta.uid;
    guard.deployment_generation = 7;
    guard.state = api::State::Evaluating;
    guard.current = listed_revision("v2", api::RevisionVerdict::Breached);
    guard.template_digest = TemplateDigest("v2");
    guard.revisions = {*guard.current, listed_revision("v1", api::RevisionVerdict::Good)};
  }

  // The state is RollingBack, from v2 to v1.
  TemplateCase& with_rollback(RollbackPhase phase) {
    inputs.guard.state = api::State::RollingBack;
    inputs.guard.rollback = "web-7-1b4e";
    api::Rollback rollback;
    rollback.meta.key.name = "web-7-1b4e";
    rollback.spec = {.deployment = "web",
                     .deployment_uid = inputs.deployment.meta.uid,
                     .generation = 7,
                     .from = listed_revision("v2", api::RevisionVerdict::Breached),
                     .to = listed_revision("v1", api::RevisionVerdict::Good),
                     .check = "health",
                     .detected = noon - 1s};
    rollback.status.phase = phase;
    if (phase != RollbackPhase::Pending) rollback.status.template_restored = noon - 1s;
    inputs.rollback = rollback;
    return *this;
  }

  // Another change of the Deployment after the patch.
  TemplateCase& next_generation() {
    inputs.deployment.meta.generation += 1;
    inputs.deployment.observed_generation += 1;
    return *this;
  }

  // The patch of the Rollback set the annotation rolled-back-by.
  TemplateCase& with_rolled_back_by() {
    inputs.deployment.meta.annotations[rolled_back_by] = "web-7-1b4e";
    return *this;
  }
};

struct Row {
  const char* name;
  TemplateCase given;
  std::optional<HashAndVerdict> current;
  StateAndReason state;
  std::optional<RollbackPhase> rollback;  // its new phase; empty: unchanged
  bool is_release;                        // ReleaseSeen is emitted
};

TemplateCase without_replica_set(TemplateCase given, const std::string& hash) {
  std::erase_if(*given.inputs.replica_sets,
                [&](const auto& set) { return set.hash.value == hash; });
  return given;
}

// The guard is empty.
TemplateCase first_reconcile(const std::string& present, void (*change)(Inputs&) = [](Inputs&) {}) {
  TemplateCase given(present);
  given.inputs.guard = {};
  change(given.inputs);
  return given;
}

const std::vector<Row> rows = {
    {"first reconcile, complete",
     first_reconcile("v1"),
     HashAndVerdict{"v1", RevisionVerdict::PresumedGood},
     idle(Reason::PresumedGood),
     {},
     false},
    {"first reconcile, rolling out",
     first_reconcile("v1", [](Inputs& in) { in.deployment.available_replicas = 2; }),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::RollingOut),
     {},
     true},
    {"first reconcile, pods of an older revision are left",
     first_reconcile("v1", [](Inputs& in) { in.deployment.status_replicas = 4; }),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::RollingOut),
     {},
     true},
    {"first reconcile, scaled to zero",
     first_reconcile("v1",
                     [](Inputs& in) {
                       in.deployment.replicas = in.deployment.updated_replicas =
                           in.deployment.status_replicas = in.deployment.available_replicas = 0;
                     }),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::ScaledToZero),
     {},
     true},
    {"first reconcile, the status is of an earlier generation",
     first_reconcile("v1", [](Inputs& in) { in.deployment.observed_generation = 7; }),
     {},
     idle(Reason::WaitingForStatus),
     {},
     false},
    {"first reconcile, no ReplicaSet yet",
     without_replica_set(first_reconcile("v1"), "v1"),
     {},
     idle(Reason::WaitingForReplicaSet),
     {},
     false},
    {"the same template",
     TemplateCase("v2"),
     HashAndVerdict{"v2", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     false},
    {"a new template",
     TemplateCase("v3"),
     HashAndVerdict{"v3", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     true},
    {"an older template, applied by a user",
     TemplateCase("v1"),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     true},
    {"an older template with rolled-back-by of an earlier Rollback",
     TemplateCase("v1").with_rolled_back_by(),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     true},
    {"a new template, no ReplicaSet yet",
     without_replica_set(TemplateCase("v3"), "v3"),
     HashAndVerdict{"v2", RevisionVerdict::Breached},
     evaluating(Reason::WaitingForReplicaSet),
     {},
     false},
    {"the target, restored by the Rollback",
     TemplateCase("v1").with_rollback(RollbackPhase::TemplateRestored).with_rolled_back_by(),
     HashAndVerdict{"v1", RevisionVerdict::Good},
     rolling_back(Reason::None),
     {},
     false},
    {"the target, but the status of the Rollback is still Pending",
     TemplateCase("v1").with_rollback(RollbackPhase::Pending).with_rolled_back_by(),
     HashAndVerdict{"v1", RevisionVerdict::Good},
     rolling_back(Reason::None),
     {},
     false},
    {"the target, restored by the Rollback, no ReplicaSet yet",
     without_replica_set(
         TemplateCase("v1").with_rollback(RollbackPhase::TemplateRestored).with_rolled_back_by(),
         "v1"),
     HashAndVerdict{"v2", RevisionVerdict::RolledBack},
     rolling_back(Reason::None),
     {},
     false},
    {"the target of a pending rollback, applied by a user",
     TemplateCase("v1").with_rollback(RollbackPhase::Pending),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"a new template before the patch", TemplateCase("v3").with_rollback(RollbackPhase::Pending),
     HashAndVerdict{"v3", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"a new template after the patch",
     TemplateCase("v3")
         .with_rollback(RollbackPhase::Restored)
         .with_rolled_back_by()
         .next_generation(),
     HashAndVerdict{"v3", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"the target with another hash, because its ReplicaSet was created again",
     TemplateCase("v3").with_rollback(RollbackPhase::TemplateRestored).with_rolled_back_by(),
     HashAndVerdict{"v3", RevisionVerdict::Good},
     rolling_back(Reason::None),
     {},
     false},
    {"the bad template, applied again right after the patch",
     TemplateCase("v2").with_rollback(RollbackPhase::Restored).with_rolled_back_by(),
     HashAndVerdict{"v2", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"the bad template, before the patch", TemplateCase("v2").with_rollback(RollbackPhase::Pending),
     HashAndVerdict{"v2", RevisionVerdict::Breached}, held(Reason::Unconfirmed),
     RollbackPhase::Pending, false},
};

}  // namespace

TEST_CASE("recognizes whether the present template is new, unchanged or restored") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Plan plan = guard::decide(row.given.inputs, noon);
    const auto& guard = plan.guard;
    std::optional<HashAndVerdict> current;
    if (guard.current) current = {guard.current->hash.value, guard.current->verdict};
    CHECK(current == row.current);
    CHECK(StateAndReason{guard.state, guard.reason} == row.state);
    CHECK((plan.rollback ? std::optional(plan.rollback->phase) : std::nullopt) == row.rollback);
    const bool emitted = std::ranges::any_of(
        plan.events, [](const EventRecord& event) { return event.reason == Reason::ReleaseSeen; });
    CHECK(emitted == row.is_release);
  }
}

TEST_CASE("takes the older ReplicaSet when two have the present template") {
  TemplateCase given("v3");
  given.inputs.replica_sets->push_back(replica_set("v3b", true, 1));
  CHECK(guard::decide(given.inputs, noon).guard.current->hash == TemplateHash("v3b"));
  std::swap(given.inputs.replica_sets->at(2), given.inputs.replica_sets->at(3));
  CHECK(guard::decide(given.inputs, noon).guard.current->hash == TemplateHash("v3b"));
}

TEST_CASE("takes the first ReplicaSet by name when two are equally old") {
  TemplateCase given("v3");
  given.inputs.replica_sets->push_back(replica_set("v3a", true, 4));
  given.inputs.replica_sets->at(2).meta.key.name = "web-v3";
  given.inputs.replica_sets->at(3).meta.key.name = "web-v3a";
  CHECK(guard::decide(given.inputs, noon).guard.current->hash == TemplateHash("v3"));
  std::swap(given.inputs.replica_sets->at(2), given.inputs.replica_sets->at(3));
  CHECK(guard::decide(given.inputs, noon).guard.current->hash == TemplateHash("v3"));
}

TEST_CASE("requeues after 1s without ReplicaSets when the watch is behind the live read") {
  TemplateCase given("v3");
  given.inputs.replica_sets.reset();
  const Plan plan = guard::decide(given.inputs, noon);
  CHECK(plan.requeue_at == noon + 1s);
  CHECK(plan.guard.current->hash == TemplateHash("v2"));
  CHECK(plan.action.index() == 0);
}

TEST_CASE("waits for a ReplicaSet when the only one has no template hash") {
  TemplateCase given("v3");
  given.inputs.replica_sets->back().hash = {};
  CHECK(guard::decide(given.inputs, noon).guard.reason == Reason::WaitingForReplicaSet);
}

TEST_CASE("does not requeue for a ReplicaSet when the Deployment is paused") {
  TemplateCase given = without_replica_set(TemplateCase("v3"), "v3");
  CHECK(guard::decide(given.inputs, noon).requeue_at == noon + 1s);
  given.inputs.deployment.paused = true;
  const Duration usual = usual_preflight_interval(given.inputs.deployment.meta.uid, 0);
  CHECK(guard::decide(given.inputs, noon).requeue_at == given.inputs.preflight->at + usual);
}

TEST_CASE("updates the number of a revision from its ReplicaSet, but not its verdict") {
  const TemplateCase given =
      TemplateCase("v1").with_rollback(RollbackPhase::TemplateRestored).with_rolled_back_by();
  const auto guard = guard::decide(given.inputs, noon).guard;
  CHECK(guard.current->number == 3);
  CHECK(guard.revisions.front().number == 3);
  CHECK(guard.current->since == noon - 1h);
  CHECK(guard.current->snapshot == "web-v1");
}

TEST_CASE("evaluates the running revision after an opt-in unless it is listed as proven") {
  using enum api::RevisionVerdict;
  for (const auto verdict : {Evaluating, Superseded, Inconclusive, Breached, RolledBack}) {
    TemplateCase given("v2");
    given.inputs.guard.current.reset();
    given.inputs.guard.revisions[0].verdict = verdict;
    CHECK(guard::decide(given.inputs, noon).guard.current->verdict == Evaluating);
  }
  TemplateCase given("v2");
  given.inputs.guard.current.reset();
  given.inputs.guard.revisions[0] = listed_revision("v2", Good);
  const auto guard = guard::decide(given.inputs, noon).guard;
  CHECK(guard.current->verdict == Good);
  CHECK(guard.current->since == noon);
}

TEST_CASE("reports an invalid annotation of the template once") {
  TemplateCase given("v3");
  given.inputs.template_problem = "\"lastgood.dev/no-rolback-past\" is not a key of this release";
  const auto first = guard::decide(given.inputs, noon);
  const auto emitted = std::ranges::count_if(first.events, [&](const EventRecord& event) {
    return event.type == EventType::Warning && event.reason == Reason::InvalidAnnotation &&
           event.note == given.inputs.template_problem;
  });
  CHECK(emitted == 1);
  given.inputs.guard = first.guard;
  given.inputs.replica_sets.reset();
  given.inputs.template_problem.clear();
  const auto second = guard::decide(given.inputs, noon);
  CHECK(std::ranges::none_of(second.events, [](const EventRecord& event) {
    return event.reason == Reason::InvalidAnnotation;
  }));
}
