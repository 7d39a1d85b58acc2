// A rollback killed anywhere and started again: for every phase that may be recorded, what is done
// for every Deployment that may be found. Written as a table: one row a sight, one column a phase.
#include "rollback/plan.hpp"

#include <catch2/catch.hpp>

#include "api/constants.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

constexpr std::int64_t judged = 5;  // the generation that carries the bad template
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
  std::int64_t generation = judged;
  std::int64_t observed = judged;
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
  out.spec.generation = judged;
  out.spec.from = {.hash = TemplateHash("bad1"), .number = 7};
  out.spec.to = {.hash = TemplateHash("good1"), .number = 6, .snapshot = "web-good1"};
  out.status.phase = phase;
  return out;
}

std::string text_of(RequeueReason reason) {
  switch (reason) {
    case RequeueReason::DeploymentPaused: return "DeploymentPaused";
    case RequeueReason::DeploymentUnreadable: return "DeploymentUnreadable";
    case RequeueReason::SnapshotUnreadable: return "SnapshotUnreadable";
    case RequeueReason::NotObserved: return "NotObserved";
  }
  return "unknown";
}

struct Told {
  std::string step;
  std::string words;
};

Told told(const NextStep& step) {
  if (std::holds_alternative<PatchTemplate>(step))
    return {"patch template", std::get<PatchTemplate>(step).call.body};
  if (std::holds_alternative<PatchOwnership>(step))
    return {"patch ownership", std::get<PatchOwnership>(step).call.body};
  if (const auto* advance = std::get_if<AdvancePhase>(&step))
    return {std::string("-> ") + api::to_string(advance->phase), advance->message};
  if (const auto* superseded = std::get_if<MarkSuperseded>(&step))
    return {"superseded", superseded->message};
  if (const auto* wait = std::get_if<Requeue>(&step))
    return {"wait " + text_of(wait->reason), wait->message};
  if (const auto* stop = std::get_if<MarkFailed>(&step)) return {"stop", stop->message};
  return {"nothing", ""};
}

struct Row {
  const char* name;
  Result<Json> live;
  std::string pending;
  std::string template_restored;
  std::string restored;  // and Verifying
};

const std::string gone = "superseded";

std::vector<Row> untouched_rows() {
  return {
      {"the Deployment as it was judged", deployment({}), "patch template", gone, gone},
      {"it was scaled meanwhile, and the Deployment controller has seen it",
       deployment({.generation = 6, .observed = 6}), "patch template", gone, gone},
      {"something was changed, and the Deployment controller has not seen it yet",
       deployment({.generation = 6, .observed = 5}), "wait NotObserved", gone, gone},
      {"a person shipped another template",
       deployment({.image = "newer", .generation = 6, .observed = 6, .revision = "8"}), gone, gone,
       gone},
      {"a person shipped another template a moment ago",
       deployment({.image = "newer", .generation = 6, .observed = 5}), "wait NotObserved", gone,
       gone},
      {"a person put the same template back first",
       deployment({.image = "good", .generation = 6, .observed = 5}), gone, gone, gone},
      {"an older Rollback left its mark", deployment({.mark = "web-3-11111111"}), "patch template",
       gone, gone},
      {"a copied manifest brought our own mark along", deployment({.mark = name}), "patch template",
       gone, gone},
      {"the API server was restored to a time before the release",
       deployment({.generation = 4, .observed = 4}), gone, gone, gone},
  };
}

std::vector<Row> patched_rows() {
  const auto mutated =
      deployment({.image = "good@sha256:1", .generation = 6, .mark = name, .owner = "lastgood"});
  return {
      {"our template patch, its fields still ours",
       deployment({.image = "good", .generation = 6, .mark = name, .owner = "lastgood"}),
       "-> TemplateRestored", "patch ownership", "nothing"},
      {"our template patch, its fields given back",
       deployment({.image = "good", .generation = 6, .mark = name}), "-> TemplateRestored",
       "-> Restored", "nothing"},
      {"our template patch, and it was scaled since",
       deployment({.image = "good", .generation = 8, .mark = name, .owner = "lastgood"}),
       "-> TemplateRestored", "patch ownership", "nothing"},
      {"our template patch, which admission has changed", mutated, "-> TemplateRestored",
       "patch ownership", "nothing"},
      {"a person shipped another template after our patch",
       deployment({.image = "newer", .generation = 7, .mark = name}), gone, gone, gone},
      {"another Rollback put something else back",
       deployment({.image = "older",
                   .generation = 7,
                   .observed = 7,
                   .revision = "9",
                   .mark = "web-6-22222222"}),
       gone, gone, gone},
  };
}

std::vector<Row> forbidden_rows() {
  const auto patched =
      deployment({.image = "good", .generation = 6, .mark = name, .owner = "lastgood"});
  const auto unreadable = fail(ErrorKind::TimedOut, "no answer within 10s");
  const std::string blind = "wait DeploymentUnreadable";
  return {
      {"it is paused", with(deployment({}), "/spec/paused", true), "wait DeploymentPaused",
       "wait DeploymentPaused", gone},
      {"it was paused after our patch", with(patched, "/spec/paused", true),
       "wait DeploymentPaused", "wait DeploymentPaused", "nothing"},
      {"it is being deleted",
       with(deployment({}), "/metadata/deletionTimestamp", "2026-11-24T12:00:00Z"), gone, gone,
       gone},
      {"it was deleted", fail(ErrorKind::NotFound, "not found"), gone, gone, gone},
      {"it was deleted and made again", with(patched, "/metadata/uid", "u2"), gone, gone, gone},
      {"it cannot be read", unreadable, blind, blind, blind},
      {"the answer is no Deployment", Json{{"kind", "Status"}}, blind, blind, blind},
      {"the answer is not even an object", Json::array(), blind, blind, blind},
  };
}

void check(const std::vector<Row>& rows) {
  using enum api::RollbackPhase;
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto step = [&](api::RollbackPhase phase) {
        return told(next_step(rollback_in(phase), row.live, snapshot_revision())).step;
      };
      CHECK(step(Pending) == row.pending);
      CHECK(step(TemplateRestored) == row.template_restored);
      CHECK(step(Restored) == row.restored);
      CHECK(step(Verifying) == row.restored);
      for (const auto finished : {Succeeded, Failed, Superseded})
        CHECK(step(finished) == "nothing");
    }
  }
}

}  // namespace

TEST_CASE("before our patch: it is sent once, and only over the template that was judged") {
  check(untouched_rows());
}
TEST_CASE("after our patch: it is recognised by its mark and never sent again") {
  check(patched_rows());
}
TEST_CASE("a Deployment that must not be touched is left alone in every phase") {
  check(forbidden_rows());
}

TEST_CASE("without a readable target nothing is put back, and what was put back stays") {
  struct Case {
    const char* name;
    Result<Json> kept;
    std::string pending;
    std::string half_done;
  };
  auto other_owner = snapshot_revision();
  other_owner["metadata"]["ownerReferences"][0]["uid"] = "u2";
  auto other_hash = snapshot_revision();
  other_hash["data"]["hash"] = "else1";
  auto same =
      *build_snapshot(deployment({}), api::Revision{.hash = TemplateHash("good1"), .number = 6});
  const std::vector<Case> cases{
      {"the kept template was deleted", fail(ErrorKind::NotFound, "not found"), "stop",
       "-> Restored"},
      {"the kept template cannot be read now", fail(ErrorKind::Server, "etcd is down"),
       "wait SnapshotUnreadable", "wait SnapshotUnreadable"},
      {"what was kept is no template", Json{{"metadata", {{"name", "x"}}}, {"data", 3}}, "stop",
       "-> Restored"},
      {"what was kept belongs to another Deployment", other_owner, "stop", "patch ownership"},
      {"what was kept is another revision", other_hash, "stop", "patch ownership"},
      {"what was kept is the bad template itself", same, "stop", "patch ownership"},
  };
  const auto patched =
      deployment({.image = "good", .generation = 6, .mark = name, .owner = "lastgood"});
  for (const auto& one : cases) {
    DYNAMIC_SECTION(one.name) {
      const auto pending =
          told(next_step(rollback_in(api::RollbackPhase::Pending), deployment({}), one.kept));
      CHECK(pending.step == one.pending);
      CHECK_FALSE(pending.words.empty());
      CHECK(told(next_step(rollback_in(api::RollbackPhase::TemplateRestored), patched, one.kept))
                .step == one.half_done);
      CHECK(told(next_step(rollback_in(api::RollbackPhase::Pending), patched, one.kept)).step ==
            (one.pending == "wait SnapshotUnreadable" ? one.pending : "-> TemplateRestored"));
    }
  }
}

TEST_CASE(
    "killed between any two writes, a rollback ends with exactly one change of the template") {
  // What the next leader finds is the recorded phase as it was before the last k acknowledgements
  // were written down.
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
          live["metadata"]["generation"] = judged + 1;
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
  const auto words =
      told(next_step(rollback_in(api::RollbackPhase::Pending), newer, snapshot_revision())).words;
  CHECK(words == "The template changed: generation 5 was evaluated, the current one is 6");
}

}  // namespace lastgood::rollback::test
