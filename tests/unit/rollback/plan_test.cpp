// A row of the tables is a state of the live Deployment. The columns are the expected steps in the
// phases that are not finished.
#include "rollback/plan.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <ostream>

#include "api/constants.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

constexpr std::int64_t evaluated_generation = 5;
constexpr const char* this_rollback = "web-5-1a2b3c4d";

Json pod_template(const std::string& image) {
  return {{"metadata", {{"labels", {{"app", "web"}}}}},
          {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", image}}})}}}};
}

Json managed_fields_entry(const std::string& manager, const std::string& template_owner) {
  Json fields{{"f:spec", {{"f:replicas", Json::object()}}}};
  if (manager == template_owner) fields["f:spec"]["f:template"] = {{"f:spec", Json::object()}};
  return {{"manager", manager},
          {"operation", "Update"},
          {"apiVersion", "apps/v1"},
          {"fieldsType", "FieldsV1"},
          {"fieldsV1", fields}};
}

// `template_owner` is helm or lastgood.
Json managed_fields(const std::string& template_owner) {
  Json entries = Json::array({managed_fields_entry("helm", template_owner)});
  if (template_owner == "lastgood")
    entries.push_back(managed_fields_entry("lastgood", template_owner));
  return entries;
}

struct Live {
  std::string image = "bad";
  std::int64_t generation = evaluated_generation;
  std::int64_t observed_generation = evaluated_generation;
  std::string revision = "7";
  std::string mark = "";  // the annotation rolled-back-by
  std::string template_owner = "helm";
};

Json deployment(const Live& live) {
  Json out{{"metadata",
            {{"name", "web"},
             {"namespace", "shop"},
             {"uid", "u1"},
             {"resourceVersion", "41"},
             {"generation", live.generation},
             {"annotations", {{"deployment.kubernetes.io/revision", live.revision}}},
             {"managedFields", managed_fields(live.template_owner)}}},
           {"spec", {{"replicas", 3}, {"template", pod_template(live.image)}}},
           {"status", {{"observedGeneration", live.observed_generation}}}};
  if (!live.mark.empty())
    out["metadata"]["annotations"][api::annotation::rolled_back_by] = live.mark;
  return out;
}

Json with_value_at(Json object, const char* pointer, Json value) {
  object[Json::json_pointer(pointer)] = std::move(value);
  return object;
}

Json snapshot_json() {
  return *build_snapshot(deployment({.image = "good", .generation = 4}),
                         api::Revision{.hash = TemplateHash("good1"), .number = 6});
}

api::Rollback rollback_in(api::RollbackPhase phase) {
  api::Rollback out;
  out.meta.key = {.namespace_ = "shop", .name = this_rollback};
  out.spec.deployment = "web";
  out.spec.deployment_uid = Uid("u1");
  out.spec.generation = evaluated_generation;
  out.spec.from = {.hash = TemplateHash("bad1"), .number = 7};
  out.spec.to = {.hash = TemplateHash("good1"), .number = 6, .snapshot = "web-good1"};
  out.status.phase = phase;
  return out;
}

// The alternatives of the variant NextStep, in the same order.
enum class StepKind : std::uint8_t {
  PatchTemplate,
  PatchOwnership,
  AdvancePhase,
  MarkSuperseded,
  Requeue,
  MarkFailed,
  NothingToWrite,
};

// A step of the plan, without its API call and its message.
struct Step {
  StepKind kind = StepKind::NothingToWrite;
  std::optional<api::RollbackPhase> phase = {};
  std::optional<RequeueReason> reason = {};
  bool operator==(const Step&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::array kinds{"PatchTemplate", "PatchOwnership", "AdvancePhase",  "MarkSuperseded",
                             "Requeue",       "MarkFailed",     "NothingToWrite"};
  constexpr std::array reasons{"DeploymentPaused", "DeploymentUnreadable", "SnapshotUnreadable",
                               "NotObserved"};
  out << kinds.at(static_cast<std::size_t>(step.kind));
  if (step.phase) out << ' ' << api::to_string(*step.phase);
  if (step.reason) out << ' ' << reasons.at(static_cast<std::size_t>(*step.reason));
  return out;
}

const Step patch_template{.kind = StepKind::PatchTemplate};
const Step patch_ownership{.kind = StepKind::PatchOwnership};
const Step superseded{.kind = StepKind::MarkSuperseded};
const Step failed{.kind = StepKind::MarkFailed};
const Step nothing_to_write{.kind = StepKind::NothingToWrite};
Step advance_to(api::RollbackPhase phase) {
  return {.kind = StepKind::AdvancePhase, .phase = phase};
}
Step requeue(RequeueReason reason) { return {.kind = StepKind::Requeue, .reason = reason}; }

Step step_of(const NextStep& next) {
  Step out{.kind = static_cast<StepKind>(next.index())};
  if (const auto* advance = std::get_if<AdvancePhase>(&next)) out.phase = advance->phase;
  if (const auto* wait = std::get_if<Requeue>(&next)) out.reason = wait->reason;
  return out;
}

std::string message_of(const NextStep& next) {
  if (const auto* advance = std::get_if<AdvancePhase>(&next)) return advance->message;
  if (const auto* step = std::get_if<MarkSuperseded>(&next)) return step->message;
  if (const auto* step = std::get_if<MarkFailed>(&next)) return step->message;
  if (const auto* step = std::get_if<Requeue>(&next)) return step->message;
  return "";
}

struct Row {
  const char* name;
  Result<Json> live;
  // The expected step in each phase.
  Step pending;
  Step template_restored;
  Step restored_or_verifying;
};

std::vector<Row> before_patch_rows() {
  const Step not_observed = requeue(RequeueReason::NotObserved);
  return {
      {"the evaluated generation", deployment({}), patch_template, superseded, superseded},
      {"a user scaled the Deployment, and the Deployment controller has observed the new size",
       deployment({.generation = 6, .observed_generation = 6}), patch_template, superseded,
       superseded},
      {"a newer generation that the Deployment controller has not observed yet",
       deployment({.generation = 6, .observed_generation = 5}), not_observed, superseded,
       superseded},
      {"a newer template of a user",
       deployment({.image = "newer", .generation = 6, .observed_generation = 6, .revision = "8"}),
       superseded, superseded, superseded},
      {"a newer template of a user that the Deployment controller has not observed yet",
       deployment({.image = "newer", .generation = 6, .observed_generation = 5}), not_observed,
       superseded, superseded},
      {"the target's template, restored by a user",
       deployment({.image = "good", .generation = 6, .observed_generation = 5}), superseded,
       superseded, superseded},
      {"the mark of an older Rollback", deployment({.mark = "web-3-11111111"}), patch_template,
       superseded, superseded},
      {"the mark of this Rollback, which a user applied before the patch",
       deployment({.mark = this_rollback}), patch_template, superseded, superseded},
      {"an older generation, because etcd was restored from a backup",
       deployment({.generation = 4, .observed_generation = 4}), superseded, superseded, superseded},
  };
}

std::vector<Row> after_patch_rows() {
  using enum api::RollbackPhase;
  const auto mutated = deployment({.image = "good@sha256:1",
                                   .generation = 6,
                                   .mark = this_rollback,
                                   .template_owner = "lastgood"});
  return {
      {"the patched template, owned by Lastgood",
       deployment(
           {.image = "good", .generation = 6, .mark = this_rollback, .template_owner = "lastgood"}),
       advance_to(TemplateRestored), patch_ownership, nothing_to_write},
      {"the patched template with restored ownership",
       deployment({.image = "good", .generation = 6, .mark = this_rollback}),
       advance_to(TemplateRestored), advance_to(Restored), nothing_to_write},
      {"the patched template, and a user scaled the Deployment later",
       deployment(
           {.image = "good", .generation = 8, .mark = this_rollback, .template_owner = "lastgood"}),
       advance_to(TemplateRestored), patch_ownership, nothing_to_write},
      {"a template that admission changed during the patch", mutated, advance_to(TemplateRestored),
       patch_ownership, nothing_to_write},
      {"a newer template of a user after the patch",
       deployment({.image = "newer", .generation = 7, .mark = this_rollback}),
       advance_to(TemplateRestored), superseded, superseded},
      {"the template and mark of another Rollback",
       deployment({.image = "older",
                   .generation = 7,
                   .observed_generation = 7,
                   .revision = "9",
                   .mark = "web-6-22222222"}),
       superseded, superseded, superseded},
  };
}

std::vector<Row> unpatchable_rows() {
  const auto patched = deployment(
      {.image = "good", .generation = 6, .mark = this_rollback, .template_owner = "lastgood"});
  const Step paused = requeue(RequeueReason::DeploymentPaused);
  const Step unreadable = requeue(RequeueReason::DeploymentUnreadable);
  return {
      {"the Deployment is paused", with_value_at(deployment({}), "/spec/paused", true), paused,
       paused, superseded},
      {"the Deployment was paused after the patch", with_value_at(patched, "/spec/paused", true),
       paused, paused, nothing_to_write},
      {"the Deployment is being deleted",
       with_value_at(deployment({}), "/metadata/deletionTimestamp", "2026-11-24T12:00:00Z"),
       superseded, superseded, superseded},
      {"the Deployment was deleted", fail(ErrorKind::NotFound, "not found"), superseded, superseded,
       superseded},
      {"the Deployment was deleted and created again",
       with_value_at(patched, "/metadata/uid", "u2"), superseded, superseded, superseded},
      {"the read of the Deployment timed out", fail(ErrorKind::TimedOut, "no response within 10s"),
       unreadable, unreadable, unreadable},
      {"the response is not a Deployment", Json{{"kind", "Status"}}, unreadable, unreadable,
       unreadable},
      {"the response is not a JSON object", Json::array(), unreadable, unreadable, unreadable},
  };
}

void check_rows(const std::vector<Row>& rows) {
  using enum api::RollbackPhase;
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto step = [&](api::RollbackPhase phase) {
        return step_of(next_step(rollback_in(phase), row.live, snapshot_json()));
      };
      CHECK(step(Pending) == row.pending);
      CHECK(step(TemplateRestored) == row.template_restored);
      CHECK(step(Restored) == row.restored_or_verifying);
      CHECK(step(Verifying) == row.restored_or_verifying);
      for (const auto finished : {Succeeded, Failed, Superseded})
        CHECK(step(finished) == nothing_to_write);
    }
  }
}

}  // namespace

TEST_CASE("patches the template in phase Pending only if the template is the evaluated one") {
  check_rows(before_patch_rows());
}
TEST_CASE("does not patch the template again when it was patched or changed later") {
  check_rows(after_patch_rows());
}
TEST_CASE("recognizes its patch by the generation of the response when admission changed it") {
  const auto mutated = deployment({.image = "good@sha256:1",
                                   .generation = 9,
                                   .mark = this_rollback,
                                   .template_owner = "lastgood"});
  api::Rollback rollback = rollback_in(api::RollbackPhase::TemplateRestored);
  CHECK(step_of(next_step(rollback, mutated, snapshot_json())) == superseded);
  rollback.status.patched_generation = 9;
  CHECK(step_of(next_step(rollback, mutated, snapshot_json())) == patch_ownership);
}

TEST_CASE("does not patch a Deployment that is paused, deleted or unreadable") {
  check_rows(unpatchable_rows());
}

TEST_CASE("fails before the patch and continues after it when the snapshot is invalid") {
  using enum api::RollbackPhase;
  struct Case {
    const char* name;
    Result<Json> snapshot;
    Step pending;
    Step template_restored;
    // After the patch, if the controller was killed before it recorded the phase TemplateRestored.
    Step pending_but_patched;
  };
  auto other_owner = snapshot_json();
  other_owner["metadata"]["ownerReferences"][0]["uid"] = "u2";
  auto other_hash = snapshot_json();
  other_hash["data"]["hash"] = "else1";
  auto bad_template =
      *build_snapshot(deployment({}), api::Revision{.hash = TemplateHash("good1"), .number = 6});
  const Step unreadable = requeue(RequeueReason::SnapshotUnreadable);
  const std::vector<Case> cases{
      {"the snapshot was deleted", fail(ErrorKind::NotFound, "not found"), failed,
       advance_to(Restored), advance_to(TemplateRestored)},
      {"waits while the snapshot cannot be read", fail(ErrorKind::Server, "etcd is down"),
       unreadable, unreadable, unreadable},
      {"the snapshot has no template", Json{{"metadata", {{"name", "x"}}}, {"data", 3}}, failed,
       advance_to(Restored), advance_to(TemplateRestored)},
      {"the snapshot of another Deployment", other_owner, failed, patch_ownership,
       advance_to(TemplateRestored)},
      {"the snapshot of another revision", other_hash, failed, patch_ownership,
       advance_to(TemplateRestored)},
      {"a snapshot with the bad template", bad_template, failed, patch_ownership,
       advance_to(TemplateRestored)},
  };
  const auto patched = deployment(
      {.image = "good", .generation = 6, .mark = this_rollback, .template_owner = "lastgood"});
  for (const auto& test_case : cases) {
    DYNAMIC_SECTION(test_case.name) {
      const auto next = next_step(rollback_in(Pending), deployment({}), test_case.snapshot);
      CHECK(step_of(next) == test_case.pending);
      CHECK_FALSE(message_of(next).empty());
      CHECK(step_of(next_step(rollback_in(TemplateRestored), patched, test_case.snapshot)) ==
            test_case.template_restored);
      CHECK(step_of(next_step(rollback_in(Pending), patched, test_case.snapshot)) ==
            test_case.pending_but_patched);
    }
  }
}

TEST_CASE("changes the template exactly once when the controller is killed between two writes") {
  for (int killed_steps = 0; killed_steps <= 4; ++killed_steps) {
    DYNAMIC_SECTION("the controller was killed in each of the first "
                    << killed_steps << " steps, before it recorded the phase") {
      auto live = deployment({});
      auto rollback = rollback_in(api::RollbackPhase::Pending);
      std::vector<std::string> writes;
      for (int steps = 0; steps < 12; ++steps) {
        const auto step = next_step(rollback, live, snapshot_json());
        if (std::holds_alternative<PatchTemplate>(step)) {
          writes.emplace_back("template");
          live = live.patch(parse(std::get<PatchTemplate>(step).call.body));
          live["metadata"]["generation"] = evaluated_generation + 1;
          live["metadata"]["managedFields"] = managed_fields("lastgood");
        } else if (std::holds_alternative<PatchOwnership>(step)) {
          writes.emplace_back("ownership");
          live = live.patch(parse(std::get<PatchOwnership>(step).call.body));
        } else if (const auto* advance = std::get_if<AdvancePhase>(&step)) {
          if (steps >= killed_steps) rollback.status.phase = advance->phase;
        } else {
          break;
        }
      }
      CHECK(writes == std::vector<std::string>{"template", "ownership"});
      CHECK(rollback.status.phase == api::RollbackPhase::Restored);
      CHECK(live["spec"]["template"] == pod_template("good"));
      CHECK(live["spec"]["replicas"] == 3);
    }
  }
}

TEST_CASE("names both generations when a newer template supersedes the rollback") {
  const auto newer =
      deployment({.image = "newer", .generation = 6, .observed_generation = 6, .revision = "8"});
  CHECK(message_of(next_step(rollback_in(api::RollbackPhase::Pending), newer, snapshot_json())) ==
        "The template changed: generation 5 was evaluated, the current one is 6");
}

}  // namespace lastgood::rollback::test
