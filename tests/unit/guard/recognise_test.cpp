// What the present template is taken for: first seen, the same, a release, our own restoration.
#include <catch2/catch.hpp>

#include "harness.hpp"
#include "rollback/record.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

constexpr const char* mark = "lastgood.dev/rolled-back-by";

api::Revision known(const std::string& hash, api::RevisionVerdict verdict) {
  return {.hash = TemplateHash(hash),
          .replica_set = Uid("rs-" + hash),
          .number = 1,
          .verdict = verdict,
          .since = noon - 1h,
          .snapshot = verdict == api::RevisionVerdict::Good ? "web-" + hash : ""};
}

// The state: v2 is current and breached, v1 was good. The Deployment: complete, with the template
// `present`.
struct Scene {
  Inputs inputs = {};

  explicit Scene(const std::string& present) {
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
    guard.current = known("v2", api::RevisionVerdict::Breached);
    guard.template_digest = TemplateDigest("v2");
    guard.revisions = {*guard.current, known("v1", api::RevisionVerdict::Good)};
  }

  Scene& rolling_back(RollbackPhase phase) {
    inputs.guard.state = api::State::RollingBack;
    inputs.guard.rollback = "web-7-1b4e";
    api::Rollback rollback;
    rollback.meta.key.name = "web-7-1b4e";
    rollback.spec = {.deployment = "web",
                     .deployment_uid = inputs.deployment.meta.uid,
                     .generation = 7,
                     .from = known("v2", api::RevisionVerdict::Breached),
                     .to = known("v1", api::RevisionVerdict::Good),
                     .check = "health",
                     .detected = noon - 1s};
    rollback.status.phase = phase;
    if (phase != RollbackPhase::Pending) rollback.status.template_restored = noon - 1s;
    inputs.rollback = rollback;
    return *this;
  }

  // Our patch is one generation; this is one more.
  Scene& later() {
    inputs.deployment.meta.generation += 1;
    inputs.deployment.observed_generation += 1;
    return *this;
  }

  Scene& marked(const std::string& by = "web-7-1b4e") {
    inputs.deployment.meta.annotations[mark] = by;
    return *this;
  }
};

struct Row {
  const char* name;
  Scene scene;
  std::optional<HashAndVerdict> current;
  StateAndReason state;
  std::optional<RollbackPhase> rollback;  // its new phase; empty: unchanged
  bool is_release;                        // is emitted as one
};

Scene without(Scene scene, const std::string& hash) {
  std::erase_if(*scene.inputs.replica_sets,
                [&](const auto& set) { return set.hash.value == hash; });
  return scene;
}

Scene first(const std::string& present, void (*change)(Inputs&) = [](Inputs&) {}) {
  Scene scene(present);
  scene.inputs.guard = {};
  change(scene.inputs);
  return scene;
}

const std::vector<Row> table = {
    {"first seen, complete",
     first("v1"),
     HashAndVerdict{"v1", RevisionVerdict::PresumedGood},
     idle(Reason::PresumedGood),
     {},
     false},
    {"first seen, rolling out",
     first("v1", [](Inputs& w) { w.deployment.available_replicas = 2; }),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::RollingOut),
     {},
     true},
    {"first seen, pods of an older one are left",
     first("v1", [](Inputs& w) { w.deployment.status_replicas = 4; }),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::RollingOut),
     {},
     true},
    {"first seen, scaled to zero",
     first("v1",
           [](Inputs& w) {
             w.deployment.replicas = w.deployment.updated_replicas = w.deployment.status_replicas =
                 w.deployment.available_replicas = 0;
           }),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::ScaledToZero),
     {},
     true},
    {"first seen, its status is of the generation before",
     first("v1", [](Inputs& w) { w.deployment.observed_generation = 7; }),
     {},
     idle(Reason::WaitingForStatus),
     {},
     false},
    {"first seen, no ReplicaSet yet",
     without(first("v1"), "v1"),
     {},
     idle(Reason::WaitingForReplicaSet),
     {},
     false},
    {"the same template",
     Scene("v2"),
     HashAndVerdict{"v2", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     false},
    {"a release",
     Scene("v3"),
     HashAndVerdict{"v3", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     true},
    {"an older one again by hand",
     Scene("v1"),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     true},
    {"by hand, though the mark of an earlier rollback is still there",
     Scene("v1").marked(),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating},
     evaluating(Reason::Baking),
     {},
     true},
    {"its ReplicaSet is not there yet",
     without(Scene("v3"), "v3"),
     HashAndVerdict{"v2", RevisionVerdict::Breached},
     evaluating(Reason::WaitingForReplicaSet),
     {},
     false},
    {"our restoration",
     Scene("v1").rolling_back(RollbackPhase::TemplateRestored).marked(),
     HashAndVerdict{"v1", RevisionVerdict::Good},
     rolling_back(Reason::None),
     {},
     false},
    {"our restoration, killed before it was recorded",
     Scene("v1").rolling_back(RollbackPhase::Pending).marked(),
     HashAndVerdict{"v1", RevisionVerdict::Good},
     rolling_back(Reason::None),
     {},
     false},
    {"our restoration, its ReplicaSet not there yet",
     without(Scene("v1").rolling_back(RollbackPhase::TemplateRestored).marked(), "v1"),
     HashAndVerdict{"v2", RevisionVerdict::RolledBack},
     rolling_back(Reason::None),
     {},
     false},
    {"the template that we were about to put back, by hand",
     Scene("v1").rolling_back(RollbackPhase::Pending),
     HashAndVerdict{"v1", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"a newer one while we put back", Scene("v3").rolling_back(RollbackPhase::Pending),
     HashAndVerdict{"v3", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"a newer one after we put back",
     Scene("v3").rolling_back(RollbackPhase::Restored).marked().later(),
     HashAndVerdict{"v3", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"our restoration under another hash, its ReplicaSet was made anew",
     Scene("v3").rolling_back(RollbackPhase::TemplateRestored).marked(),
     HashAndVerdict{"v3", RevisionVerdict::Good},
     rolling_back(Reason::None),
     {},
     false},
    {"the bad one again, right after we put back",
     Scene("v2").rolling_back(RollbackPhase::Restored).marked(),
     HashAndVerdict{"v2", RevisionVerdict::Evaluating}, evaluating(Reason::Baking),
     RollbackPhase::Superseded, true},
    {"the bad one is still there, before we put back",
     Scene("v2").rolling_back(RollbackPhase::Pending),
     HashAndVerdict{"v2", RevisionVerdict::Breached}, held(Reason::Unconfirmed),
     RollbackPhase::Pending, false},
};

}  // namespace

TEST_CASE("What the present template is taken for") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    const Plan plan = guard::decide(row.scene.inputs, noon);
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

TEST_CASE(
    "Where two ReplicaSets have the present template the older one is it, as for the Deployment "
    "controller") {
  Scene scene("v3");
  scene.inputs.replica_sets->push_back(replica_set("v3b", true, 1));
  CHECK(guard::decide(scene.inputs, noon).guard.current->hash == TemplateHash("v3b"));
  std::swap(scene.inputs.replica_sets->at(2), scene.inputs.replica_sets->at(3));
  CHECK(guard::decide(scene.inputs, noon).guard.current->hash == TemplateHash("v3b"));
}

TEST_CASE(
    "Of two that are equally old the first by name is it, in whatever order they are listed") {
  Scene scene("v3");
  scene.inputs.replica_sets->push_back(replica_set("v3a", true, 4));
  scene.inputs.replica_sets->at(2).meta.key.name = "web-v3";
  scene.inputs.replica_sets->at(3).meta.key.name = "web-v3a";
  CHECK(guard::decide(scene.inputs, noon).guard.current->hash == TemplateHash("v3"));
  std::swap(scene.inputs.replica_sets->at(2), scene.inputs.replica_sets->at(3));
  CHECK(guard::decide(scene.inputs, noon).guard.current->hash == TemplateHash("v3"));
}

TEST_CASE("Where the watch is behind what was read, it is looked at again in a second") {
  Scene scene("v3");
  scene.inputs.replica_sets.reset();
  const Plan plan = guard::decide(scene.inputs, noon);
  CHECK(plan.requeue_at == noon + 1s);
  CHECK(plan.guard.current->hash == TemplateHash("v2"));
  CHECK(plan.action.index() == 0);
}

TEST_CASE("A ReplicaSet without a template hash is none of the Deployment controller's") {
  Scene scene("v3");
  scene.inputs.replica_sets->back().hash = {};
  CHECK(guard::decide(scene.inputs, noon).guard.reason == Reason::WaitingForReplicaSet);
}

TEST_CASE("A paused Deployment makes no ReplicaSet, so none is waited for") {
  Scene scene = without(Scene("v3"), "v3");
  CHECK(guard::decide(scene.inputs, noon).requeue_at == noon + 1s);
  scene.inputs.deployment.paused = true;
  CHECK(guard::decide(scene.inputs, noon).requeue_at == scene.inputs.preflight->at + 10min);
}

TEST_CASE("The number of a revision follows its ReplicaSet, the verdict does not") {
  const Scene scene = Scene("v1").rolling_back(RollbackPhase::TemplateRestored).marked();
  const auto guard = guard::decide(scene.inputs, noon).guard;
  CHECK(guard.current->number == 3);
  CHECK(guard.revisions.front().number == 3);
  CHECK(guard.current->since == noon - 1h);
  CHECK(guard.current->snapshot == "web-v1");
}

TEST_CASE(
    "A revision that is known as bad, or was never judged, is not presumed good when it is seen as "
    "for the first time") {
  using enum api::RevisionVerdict;
  for (const auto verdict : {Evaluating, Superseded, Inconclusive, Breached, RolledBack}) {
    Scene scene("v2");
    scene.inputs.guard.current.reset();
    scene.inputs.guard.revisions[0].verdict = verdict;
    CHECK(guard::decide(scene.inputs, noon).guard.current->verdict == Evaluating);
  }
  Scene scene("v2");
  scene.inputs.guard.current.reset();
  scene.inputs.guard.revisions[0] = known("v2", Good);
  const auto guard = guard::decide(scene.inputs, noon).guard;
  CHECK(guard.current->verdict == Good);
  CHECK(guard.current->since == noon);
}

TEST_CASE("What cannot be understood on the template is emitted when it comes, and once") {
  Scene scene("v3");
  scene.inputs.template_problem = "\"lastgood.dev/no-rolback-past\" is not a key of this release";
  const auto first = guard::decide(scene.inputs, noon);
  const auto emitted = std::ranges::count_if(first.events, [&](const EventRecord& event) {
    return event.type == EventType::Warning && event.reason == Reason::InvalidAnnotation &&
           event.note == scene.inputs.template_problem;
  });
  CHECK(emitted == 1);
  scene.inputs.guard = first.guard;
  scene.inputs.replica_sets.reset();
  scene.inputs.template_problem.clear();
  const auto second = guard::decide(scene.inputs, noon);
  CHECK(std::ranges::none_of(second.events, [](const EventRecord& event) {
    return event.reason == Reason::InvalidAnnotation;
  }));
}
