// Objects of a shape that no API server sends. No function may throw, and every patch must begin
// with a test operation.
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "rollback/difference.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "rollback/plan.hpp"
#include "rollback/preflight.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

Json random_value() {
  static const std::vector<Json> values{nullptr,
                                        true,
                                        -1,
                                        1.5,
                                        "",
                                        "x",
                                        "\xff\xfe",
                                        Json::array(),
                                        Json::array({1, nullptr, Json::object()}),
                                        Json::object(),
                                        Json{{"f:spec", 3}}};
  return *rc::gen::elementOf(values);
}

void replace_random_node(Json& node) {
  if (!node.is_structured() || node.empty() || *rc::gen::inRange(0, 6) == 0) {
    node = random_value();
    return;
  }
  auto it = node.begin();
  std::advance(it, *rc::gen::inRange<std::size_t>(0, node.size()));
  replace_random_node(*it);
}

// Replaces up to 3 random nodes.
Json randomly_changed(Json object) {
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) replace_random_node(object);
  return object;
}

// A Rollback of this Deployment in a random phase.
api::Rollback random_rollback_of(const Json& bad) {
  api::Rollback out;
  out.meta.key.name = "web-rb";
  out.spec.deployment_uid = Uid(bad["metadata"]["uid"].get<std::string>());
  out.spec.generation = bad["metadata"]["generation"].get<std::int64_t>();
  out.spec.to.hash = TemplateHash("5d4f8c7b6");
  out.status.phase =
      *rc::gen::element(api::RollbackPhase::Pending, api::RollbackPhase::TemplateRestored,
                        api::RollbackPhase::Restored);
  return out;
}

bool begins_with_test(const std::string& body) {
  const auto patch = parse(body);
  return patch.size() >= 2 && patch[0]["op"] == "test" && patch[0]["value"].is_string() &&
         !patch[0]["value"].get<std::string>().empty();
}

}  // namespace

TEST_CASE("never throws on Deployments and snapshots of an unexpected shape") {
  const auto recording = load_recording("apply_with_scale");
  const auto snapshot = *build_snapshot(
      recording.good, api::Revision{.hash = TemplateHash("5d4f8c7b6"), .number = 1});
  CHECK(rc::check("nothing throws", [&] {
    const auto step =
        next_step(random_rollback_of(recording.bad),
                  randomly_changed(*rc::gen::element(recording.bad, recording.patched)),
                  randomly_changed(snapshot));
    if (const auto* patch = std::get_if<PatchTemplate>(&step))
      RC_ASSERT(begins_with_test(patch->call.body));
    if (const auto* patch = std::get_if<PatchOwnership>(&step))
      RC_ASSERT(begins_with_test(patch->call.body));
    if (const auto created = build_snapshot(randomly_changed(recording.good), api::Revision{}))
      RC_ASSERT(created->is_object());
    (void)snapshots_to_delete({randomly_changed(snapshot)}, {.deployment_uid = Uid("u")}, nullptr);
    (void)is_same_snapshot(randomly_changed(snapshot), snapshot);
  }));
}

TEST_CASE("never throws on templates and preflight reads of an unexpected shape") {
  const auto recording = load_recording("apply_with_scale");
  const Result<Json> good_snapshot = *build_snapshot(
      recording.good, api::Revision{.hash = TemplateHash("5d4f8c7b6"), .number = 1});
  api::Deployment deployment;
  deployment.meta.uid = Uid(recording.bad["metadata"]["uid"].get<std::string>());
  const api::Revision target{.hash = TemplateHash("5d4f8c7b6"), .snapshot = "x"};
  CHECK(rc::check("nothing throws", [&] {
    const auto bad = randomly_changed(recording.bad["spec"]["template"]);
    const auto changes = changes_between(bad, randomly_changed(recording.good["spec"]["template"]));
    RC_ASSERT(changes.size() <= max_changes);
    RC_ASSERT(changes_between(bad, bad).empty());
    RC_ASSERT(references_of(bad).size() <= max_references);
    const Result<Json> live = randomly_changed(recording.bad);
    const Result<Json> snapshot = randomly_changed(*good_snapshot);
    const PreflightInputs inputs{
        .deployment = deployment, .target = target, .live = live, .snapshot = snapshot};
    const auto requests = preflight_requests(inputs, "rb");
    if (requests.dry_run) RC_ASSERT(begins_with_test(requests.dry_run->body));
    // Without the response of the dry run the preflight is never ready.
    RC_ASSERT(evaluate_preflight(inputs, {}, std::nullopt, {}, Time{}).ready !=
              api::ConditionStatus::True);
    (void)other_managers(*live);
  }));
}

}  // namespace lastgood::rollback::test
