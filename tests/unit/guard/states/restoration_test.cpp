// Functions that the states of a rollback share: the adoption of a Rollback that the stored guard
// does not know, and the quarantine of the replaced revision.
#include "guard/states/restoration.hpp"

#include <catch2/catch.hpp>

#include "guard/states/step.hpp"
#include "rollback/record.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

// v2 was breached, and its Rollback is in `phase`. The guard was stored before the breach.
struct OutdatedGuard {
  Inputs inputs = {};

  explicit OutdatedGuard(RollbackPhase phase = RollbackPhase::Pending) {
    inputs = baking_v2().inputs();
    api::Rollback record;
    record.meta.key = {.namespace_ = "shop", .name = "web-2-1b4e"};
    record.spec = {.deployment = "web",
                   .deployment_uid = inputs.deployment.meta.uid,
                   .generation = inputs.deployment.meta.generation,
                   .from = *inputs.guard.current,
                   .to = inputs.guard.revisions.back(),
                   .check = "health",
                   .reason = Reason::WrongStatus,
                   .message = "500",
                   .detected = noon + 2h};
    record.status.phase = phase;
    if (phase != RollbackPhase::Pending) record.status.template_restored = noon + 2h;
    inputs.rollback = std::move(record);
  }

  [[nodiscard]] Plan adopted() const {
    Step step{.inputs = inputs, .now = noon + 3h, .plan = {.guard = inputs.guard}};
    adopt_rollback(step, *inputs.rollback);
    return step.plan;
  }

  [[nodiscard]] Plan quarantined() const {
    Step step{.inputs = inputs, .now = noon + 3h, .plan = {.guard = inputs.guard}};
    quarantine(step, *inputs.rollback);
    return step.plan;
  }
};

api::CheckStatus unconfirmed_breach() {
  return {.name = "health",
          .reason = Reason::Pending,
          .consecutive_failures = 1,
          .failure_threshold = 100,
          .breached = true};
}

}  // namespace

TEST_CASE("adopts a pending Rollback as a breach that is not confirmed") {
  OutdatedGuard given;
  given.inputs.guard.rolled_out = noon;
  const api::GuardStatus guard = given.adopted().guard;
  CHECK(guard.state == api::State::RollingBack);
  CHECK(guard.reason == Reason::WrongStatus);
  CHECK(guard.rollback == "web-2-1b4e");
  CHECK_FALSE(guard.rolled_out.has_value());
  CHECK(guard.checks == std::vector{unconfirmed_breach()});
  CHECK(guard.current->verdict == RevisionVerdict::Breached);
  CHECK(guard.current->since == noon + 2h);
  CHECK(guard.revisions.front() == *guard.current);
}

TEST_CASE("adopts a Rollback that has restored its template without a breach to confirm") {
  for (const auto phase : {RollbackPhase::TemplateRestored, RollbackPhase::Verifying}) {
    CAPTURE(phase);
    const api::GuardStatus guard = OutdatedGuard(phase).adopted().guard;
    CHECK(guard.checks.empty());
    CHECK(guard.current->verdict == RevisionVerdict::Breached);
  }
}

TEST_CASE("adopts a manual Rollback without a breach") {
  OutdatedGuard given;
  given.inputs.rollback->spec.check.clear();
  const api::GuardStatus guard = given.adopted().guard;
  CHECK(guard.checks.empty());
  CHECK(guard.current->verdict == RevisionVerdict::Evaluating);
}

TEST_CASE("dates an adopted breach at the present time when the Rollback has no time") {
  OutdatedGuard given;
  given.inputs.rollback->spec.detected.reset();
  CHECK(given.adopted().guard.current->since == noon + 3h);
}

TEST_CASE("lists both revisions of an adopted Rollback when the guard lists neither") {
  OutdatedGuard given;
  given.inputs.guard.revisions.clear();
  given.inputs.guard.current.reset();
  const api::GuardStatus guard = given.adopted().guard;
  REQUIRE(guard.revisions.size() == 2);
  CHECK(guard.revisions[0].hash == TemplateHash("v2"));
  CHECK(guard.revisions[1] == given.inputs.rollback->spec.to);
  CHECK(guard.current->hash == TemplateHash("v2"));
  CHECK(guard.current->verdict == RevisionVerdict::Breached);
}

TEST_CASE("keeps the listed revisions when an adopted Rollback has other fields for them") {
  OutdatedGuard given;
  given.inputs.rollback->spec.to.snapshot = "web-other";
  given.inputs.rollback->spec.from.number = 99;
  const api::GuardStatus guard = given.adopted().guard;
  CHECK(guard.revisions.size() == 2);
  CHECK(guard.revisions.back().snapshot == "web-v1");
  CHECK(guard.current->number == 2);
}

TEST_CASE("keeps the quarantine of a revision when it adopts its Rollback") {
  OutdatedGuard given(RollbackPhase::TemplateRestored);
  given.inputs.guard.revisions.front().verdict = RevisionVerdict::RolledBack;
  CHECK(given.adopted().guard.revisions.front().verdict == RevisionVerdict::RolledBack);
}

TEST_CASE("keeps at most 20 revisions when it adopts a Rollback") {
  OutdatedGuard given;
  auto& revisions = given.inputs.guard.revisions;
  const api::Revision target = revisions.back();
  revisions.clear();
  for (int i = 0; i < 20; ++i)
    revisions.push_back(
        {.hash = TemplateHash("old" + std::to_string(i)), .verdict = RevisionVerdict::Superseded});
  const auto kept = given.adopted().guard.revisions;
  CHECK(kept.size() == 20);
  CHECK(kept[0].hash == TemplateHash("v2"));
  CHECK(kept[1] == target);
}

TEST_CASE("counts an automatic rollback once, at the time when the template was restored") {
  const OutdatedGuard given(RollbackPhase::TemplateRestored);
  const Plan first = given.quarantined();
  CHECK(first.guard.rollbacks == std::vector{api::PastRollback{"web-2-1b4e", noon + 2h}});
  CHECK(first.events.size() == 1);
  OutdatedGuard again = given;
  again.inputs.guard = first.guard;
  const Plan second = again.quarantined();
  CHECK(second.guard.rollbacks.size() == 1);
  CHECK(second.events.empty());
}

TEST_CASE("counts a rollback once when the guard already counts a Rollback of the same name") {
  OutdatedGuard given(RollbackPhase::TemplateRestored);
  given.inputs.guard.rollbacks = {{"web-2-1b4e", noon + 1h}};
  CHECK(given.quarantined().guard.rollbacks.size() == 1);
}

TEST_CASE("dates a rollback at the present time when the Rollback has no time of the restoration") {
  OutdatedGuard given(RollbackPhase::TemplateRestored);
  given.inputs.rollback->status.template_restored.reset();
  CHECK(given.quarantined().guard.rollbacks.front().at == noon + 3h);
}

TEST_CASE("keeps the newest 20 past rollbacks, the newest first") {
  OutdatedGuard given(RollbackPhase::TemplateRestored);
  for (int i = 0; i < 19; ++i)
    given.inputs.guard.rollbacks.push_back({"old" + std::to_string(i), noon});
  CHECK(given.quarantined().guard.rollbacks.size() == 20);
  given.inputs.guard.rollbacks.push_back({"oldest", noon});
  const auto kept = given.quarantined().guard.rollbacks;
  CHECK(kept.size() == 20);
  CHECK(kept.front().name == "web-2-1b4e");
  CHECK(kept.back().name == "old18");
}

TEST_CASE("quarantines nothing when the revision is not in the list") {
  OutdatedGuard given(RollbackPhase::TemplateRestored);
  given.inputs.guard.revisions.erase(given.inputs.guard.revisions.begin());
  const Plan plan = given.quarantined();
  CHECK(plan.events.empty());
  CHECK(plan.guard.rollbacks.empty());
}

TEST_CASE("recognizes its patch on the Deployment while the Rollback is still pending") {
  struct Row {
    const char* name;
    const char* rolled_back_by;      // the annotation
    std::int64_t generations_later;  // than the release
    bool is_patched;
  };
  const std::vector<Row> rows = {
      {"patched", "web-2-1b4e", 1, true},
      {"the annotation, but still the generation of the release", "web-2-1b4e", 0, false},
      {"the annotation of an earlier rollback", "web-1-1b4e", 1, false}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    OutdatedGuard given;
    given.inputs.deployment.meta.annotations[rolled_back_by] = row.rolled_back_by;
    given.inputs.deployment.meta.generation += row.generations_later;
    CHECK(lastgood::rollback::is_patched_by(given.inputs.deployment, *given.inputs.rollback) ==
          row.is_patched);
  }
}

TEST_CASE("uses the forced write gates only for a manual Rollback with force") {
  api::Rollback rollback;
  rollback.spec.force = true;
  CHECK(write_gates_for(rollback).data() == forced_write_gates().data());
  rollback.spec.check = "health";
  CHECK(write_gates_for(rollback).data() == write_gates().data());
  rollback.spec.check.clear();
  rollback.spec.force = false;
  CHECK(write_gates_for(rollback).data() == write_gates().data());
}
