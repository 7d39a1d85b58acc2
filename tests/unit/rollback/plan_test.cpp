// The tables have a row for each live Deployment, and a column for each recorded phase.
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
constexpr const char* name = "web-5-1a2b3c4d";

Json pod_template(const std::string& image) {
  return {{"metadata", {{"labels", {{"app", "web"}}}}},
          {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", image}}})}}}};
}

Json entry(const std::string& manager, bool owns_template) {
  Json fields{{"f:spec", {{"f:replicas", Json::object()}}}};
  if (owns_template) fields["f:spec"]["f:template"] = {{"f:spec", Json::object()}};
  return {{"manager", manager},
          {"operation", "Update"},
          {"apiVersion", "apps/v1"},
          {"fieldsType", "FieldsV1"},
          {"fieldsV1", fields}};
}

struct Live {
  std::string image = "bad";
  std::int64_t generation = evaluated_generation;
  std::int64_t observed = evaluated_generation;
  std::string revision = "7";
  std::string mark = "";
  std::string owner = "helm";  // of the template
};

Json deployment(const Live& live) {
  Json out{{"metadata",
            {{"name", "web"},
             {"namespace", "shop"},
             {"uid", "u1"},
             {"resourceVersion", "41"},
             {"generation", live.generation},
             {"annotations", {{"deployment.kubernetes.io/revision", live.revision}}},
             {"managedFields", Json::array({entry("helm", live.owner == "helm")})}}},
           {"spec", {{"replicas", 3}, {"template", pod_template(live.image)}}},
           {"status", {{"observedGeneration", live.observed}}}};
  if (live.owner == "lastgood") out["metadata"]["managedFields"].push_back(entry("lastgood", true));
  if (!live.mark.empty())
    out["metadata"]["annotations"][api::annotation::rolled_back_by] = live.mark;
  return out;
}

Json with(Json object, const char* pointer, Json value) {
  object[Json::json_pointer(pointer)] = std::move(value);
  return object;
}

Json snapshot_revision() {
  return *build_snapshot(deployment({.image = "good", .generation = 4}),
                         api::Revision{.hash = TemplateHash("good1"), .number = 6});
}

api::Rollback rollback_in(api::RollbackPhase phase) {
  api::Rollback out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.spec.deployment = "web";
  out.spec.deployment_uid = Uid("u1");
  out.spec.generation = evaluated_generation;
  out.spec.from = {.hash = TemplateHash("bad1"), .number = 7};
  out.spec.to = {.hash = TemplateHash("good1"), .number = 6, .snapshot = "web-good1"};
  out.status.phase = phase;
  return out;
}

// In the order of NextStep.
enum class StepKind : std::uint8_t {
  PatchTemplate,
  PatchOwnership,
  AdvancePhase,
  MarkSuperseded,
  Requeue,
  MarkFailed,
  NothingToWrite,
};

// A step without its call and its message.
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
const Step nothing{.kind = StepKind::NothingToWrite};
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
  Step pending;
  Step template_restored;
  Step restored;  // and Verifying
};

std::vector<Row> before_patch_rows() {
  const Step not_observed = requeue(RequeueReason::NotObserved);
  return {
      {"the Deployment of the evaluated generation", deployment({}), patch_template, superseded,
       superseded},
      {"a scaled Deployment, which the Deployment controller has observed",
       deployment({.generation = 6, .observed = 6}), patch_template, superseded, superseded},
      {"a changed Deployment, which the Deployment controller has not observed",
       deployment({.generation = 6, .observed = 5}), not_observed, superseded, superseded},
      {"a newer template of a user",
       deployment({.image = "newer", .generation = 6, .observed = 6, .revision = "8"}), superseded,
       superseded, superseded},
      {"a newer template of a user, not observed yet",
       deployment({.image = "newer", .generation = 6, .observed = 5}), not_observed, superseded,
       superseded},
      {"the target's template, restored by a user",
       deployment({.image = "good", .generation = 6, .observed = 5}), superseded, superseded,
       superseded},
      {"the mark of an older Rollback", deployment({.mark = "web-3-11111111"}), patch_template,
       superseded, superseded},
      {"the mark of this Rollback in a copied manifest", deployment({.mark = name}), patch_template,
       superseded, superseded},
      {"an API server that was restored from a backup",
       deployment({.generation = 4, .observed = 4}), superseded, superseded, superseded},
  };
}

std::vector<Row> after_patch_rows() {
  using enum api::RollbackPhase;
  const auto mutated =
      deployment({.image = "good@sha256:1", .generation = 6, .mark = name, .owner = "lastgood"});
  return {
      {"the patched template, owned by Lastgood",
       deployment({.image = "good", .generation = 6, .mark = name, .owner = "lastgood"}),
       advance_to(TemplateRestored), patch_ownership, nothing},
      {"the patched template with restored ownership",
       deployment({.image = "good", .generation = 6, .mark = name}), advance_to(TemplateRestored),
       advance_to(Restored), nothing},
      {"the patched template, scaled later",
       deployment({.image = "good", .generation = 8, .mark = name, .owner = "lastgood"}),
       advance_to(TemplateRestored), patch_ownership, nothing},
      {"the patched template, changed by admission", mutated, advance_to(TemplateRestored),
       patch_ownership, nothing},
      {"a newer template of a user after the patch",
       deployment({.image = "newer", .generation = 7, .mark = name}), superseded, superseded,
       superseded},
      {"the template and mark of another Rollback",
       deployment({.image = "older",
                   .generation = 7,
                   .observed = 7,
                   .revision = "9",
                   .mark = "web-6-22222222"}),
       superseded, superseded, superseded},
  };
}

std::vector<Row> unpatchable_rows() {
  const auto patched =
      deployment({.image = "good", .generation = 6, .mark = name, .owner = "lastgood"});
  const Step paused = requeue(RequeueReason::DeploymentPaused);
  const Step unreadable = requeue(RequeueReason::DeploymentUnreadable);
  return {
      {"paused", with(deployment({}), "/spec/paused", true), paused, paused, superseded},
      {"paused after the patch", with(patched, "/spec/paused", true), paused, paused, nothing},
      {"being deleted", with(deployment({}), "/metadata/deletionTimestamp", "2026-11-24T12:00:00Z"),
       superseded, superseded, superseded},
      {"deleted", fail(ErrorKind::NotFound, "not found"), superseded, superseded, superseded},
      {"deleted and created again", with(patched, "/metadata/uid", "u2"), superseded, superseded,
       superseded},
      {"unreadable", fail(ErrorKind::TimedOut, "no response within 10s"), unreadable, unreadable,
       unreadable},
      {"not a Deployment", Json{{"kind", "Status"}}, unreadable, unreadable, unreadable},
      {"not an object", Json::array(), unreadable, unreadable, unreadable},
  };
}

void check(const std::vector<Row>& rows) {
  using enum api::RollbackPhase;
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto step = [&](api::RollbackPhase phase) {
        return step_of(next_step(rollback_in(phase), row.live, snapshot_revision()));
      };
      CHECK(step(Pending) == row.pending);
      CHECK(step(TemplateRestored) == row.template_restored);
      CHECK(step(Restored) == row.restored);
      CHECK(step(Verifying) == row.restored);
      for (const auto finished : {Succeeded, Failed, Superseded}) CHECK(step(finished) == nothing);
    }
  }
}

}  // namespace

TEST_CASE("patches the template once, and only over the evaluated template") {
  check(before_patch_rows());
}
TEST_CASE("recognizes its template patch by the mark, and does not repeat it") {
  check(after_patch_rows());
}
TEST_CASE("writes nothing to a Deployment that is paused, deleted or unreadable") {
  check(unpatchable_rows());
}

TEST_CASE("fails without a valid snapshot before the patch, and continues after it") {
  using enum api::RollbackPhase;
  struct Case {
    const char* name;
    Result<Json> snapshot;
    Step pending;
    Step template_restored;
  };
  auto other_owner = snapshot_revision();
  other_owner["metadata"]["ownerReferences"][0]["uid"] = "u2";
  auto other_hash = snapshot_revision();
  other_hash["data"]["hash"] = "else1";
  auto bad_template =
      *build_snapshot(deployment({}), api::Revision{.hash = TemplateHash("good1"), .number = 6});
  const Step unreadable = requeue(RequeueReason::SnapshotUnreadable);
  const std::vector<Case> cases{
      {"deleted", fail(ErrorKind::NotFound, "not found"), failed, advance_to(Restored)},
      {"unreadable", fail(ErrorKind::Server, "etcd is down"), unreadable, unreadable},
      {"not a template", Json{{"metadata", {{"name", "x"}}}, {"data", 3}}, failed,
       advance_to(Restored)},
      {"of another Deployment", other_owner, failed, patch_ownership},
      {"of another revision", other_hash, failed, patch_ownership},
      {"with the bad template", bad_template, failed, patch_ownership},
  };
  const auto patched =
      deployment({.image = "good", .generation = 6, .mark = name, .owner = "lastgood"});
  for (const auto& one : cases) {
    DYNAMIC_SECTION(one.name) {
      const auto next = next_step(rollback_in(Pending), deployment({}), one.snapshot);
      CHECK(step_of(next) == one.pending);
      CHECK_FALSE(message_of(next).empty());
      CHECK(step_of(next_step(rollback_in(TemplateRestored), patched, one.snapshot)) ==
            one.template_restored);
      CHECK(step_of(next_step(rollback_in(Pending), patched, one.snapshot)) ==
            (one.pending == unreadable ? unreadable : advance_to(TemplateRestored)));
    }
  }
}

TEST_CASE("changes the template exactly once when the controller is killed between two writes") {
  // The next leader finds the phase before the last `forgotten` acknowledgements were recorded.
  for (int forgotten = 0; forgotten <= 4; ++forgotten) {
    DYNAMIC_SECTION("the last " << forgotten << " records were lost") {
      auto live = deployment({});
      auto rollback = rollback_in(api::RollbackPhase::Pending);
      std::vector<std::string> writes;
      for (int turn = 0; turn < 12; ++turn) {
        const auto step = next_step(rollback, live, snapshot_revision());
        if (std::holds_alternative<PatchTemplate>(step)) {
          writes.emplace_back("template");
          live = live.patch(parse(std::get<PatchTemplate>(step).call.body));
          live["metadata"]["generation"] = evaluated_generation + 1;
          live["metadata"]["managedFields"] = {entry("helm", false), entry("lastgood", true)};
        } else if (std::holds_alternative<PatchOwnership>(step)) {
          writes.emplace_back("ownership");
          live = live.patch(parse(std::get<PatchOwnership>(step).call.body));
        } else if (const auto* advance = std::get_if<AdvancePhase>(&step)) {
          if (turn >= forgotten) rollback.status.phase = advance->phase;
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

TEST_CASE("says which generation superseded the rollback") {
  const auto newer =
      deployment({.image = "newer", .generation = 6, .observed = 6, .revision = "8"});
  CHECK(
      message_of(next_step(rollback_in(api::RollbackPhase::Pending), newer, snapshot_revision())) ==
      "The template changed: generation 5 was evaluated, the current one is 6");
}

}  // namespace lastgood::rollback::test
