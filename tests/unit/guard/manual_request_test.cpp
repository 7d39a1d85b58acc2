// The revision that a rollback would restore: of the Rollback in progress, of a manual request, or
// the last good one.
#include "guard/manual_request.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

api::Revision revision(std::int64_t number, RevisionVerdict verdict) {
  const std::string name = "v" + std::to_string(number);
  return {.hash = TemplateHash(name),
          .number = number,
          .verdict = verdict,
          .since = noon + std::chrono::minutes(number),
          .snapshot = "web-" + name};
}

// v3 runs and is breached. v2 and v1 are good.
Inputs inputs_of_v3() {
  Inputs inputs{.policy = web_policy()};
  inputs.guard.revisions = {revision(3, RevisionVerdict::Breached),
                            revision(2, RevisionVerdict::Good), revision(1, RevisionVerdict::Good)};
  inputs.guard.current = inputs.guard.revisions.front();
  return inputs;
}

Inputs with_rollback_to_v1(RollbackPhase phase) {
  Inputs inputs = inputs_of_v3();
  inputs.rollback = api::Rollback{.meta = {.key = {.namespace_ = "shop", .name = "web-3-1b4e"}}};
  inputs.rollback->spec.to = inputs.guard.revisions.back();
  inputs.rollback->status.phase = phase;
  inputs.guard.rollback = "web-3-1b4e";
  return inputs;
}

Inputs with_request(api::RollbackSpec spec) {
  Inputs inputs = inputs_of_v3();
  inputs.request = api::Rollback{.spec = std::move(spec)};
  return inputs;
}

std::string hash_of(const std::optional<api::Revision>& target) {
  return target ? target->hash.value : "none";
}

}  // namespace

TEST_CASE("pending_or_last_good_target follows the Rollback only while it is pending") {
  const auto target = [](const Inputs& inputs) {
    return hash_of(pending_or_last_good_target(inputs, inputs.guard));
  };
  CHECK(target(with_rollback_to_v1(RollbackPhase::Pending)) == "v1");
  CHECK(target(with_rollback_to_v1(RollbackPhase::Succeeded)) == "v2");
  CHECK(target(with_rollback_to_v1(RollbackPhase::Failed)) == "v2");
  Inputs of_another_rollback = with_rollback_to_v1(RollbackPhase::Pending);
  of_another_rollback.guard.rollback = "web-2-1b4e";
  CHECK(target(of_another_rollback) == "v2");
}

TEST_CASE("wanted_target follows a request, but a pending Rollback comes first") {
  const auto target = [](const Inputs& inputs) {
    return hash_of(wanted_target(inputs, inputs.guard));
  };
  CHECK(target(inputs_of_v3()) == "v2");
  CHECK(target(with_request({})) == "v2");
  CHECK(target(with_request({.to_revision = 1})) == "v1");
  CHECK(target(with_request({.to_revision = 9})) == "none");

  Inputs without_snapshot = with_request({.to_revision = 1});
  without_snapshot.guard.revisions.back().snapshot.clear();
  CHECK(target(without_snapshot) == "none");

  Inputs with_both = with_rollback_to_v1(RollbackPhase::Pending);
  with_both.request = api::Rollback{.spec = {.to_revision = 2}};
  CHECK(target(with_both) == "v1");
}

TEST_CASE("wanted_target passes a no-rollback-past mark only for a request with force") {
  for (const bool force : {false, true}) {
    CAPTURE(force);
    Inputs inputs = with_request({.force = force});
    inputs.guard.current->no_rollback_past = true;
    CHECK(hash_of(wanted_target(inputs, inputs.guard)) == (force ? "v2" : "none"));
  }
}

TEST_CASE("wanted_target never is the current revision, also with force") {
  Inputs inputs = with_request({.force = true});
  inputs.guard.current = inputs.guard.revisions[1];
  CHECK(hash_of(wanted_target(inputs, inputs.guard)) == "v1");
}
