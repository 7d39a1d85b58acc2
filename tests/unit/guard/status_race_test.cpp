// The decision from the object that is read after a status was not written.
#include "guard/status_race.hpp"

#include <catch2/catch.hpp>

#include "codec/manifests.hpp"
#include "guard/apply.hpp"
#include "guard/state.hpp"
#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using codec::Json;

namespace {

const Uid uid("guard-uid");

api::GuardStatus status_in(api::State state) {
  return {.deployment_generation = 2, .state = state, .message = "v2 bakes"};
}

Json object_with(const Json& status, const char* of_uid = "guard-uid") {
  Json object{{"metadata", {{"name", "web"}, {"uid", of_uid}, {"resourceVersion", "7"}}}};
  if (!status.is_null()) object["status"] = status;
  return object;
}

// The result of the read: a word, and the version for the next write.
std::string after(const Result<Json>& live, const std::vector<api::GuardStatus>& known) {
  std::vector<std::string> digests;
  for (const api::GuardStatus& status : known) digests.push_back(digest_of_status(status));
  const auto next = after_lost_race<api::DeploymentGuard>(
      live, uid, digest_of_status(status_in(api::State::Held)), digests);
  if (const auto* stored = std::get_if<StatusStored>(&next))
    return "stored " + stored->version.value;
  if (const auto* again = std::get_if<WriteAgain>(&next)) return "again " + again->version.value;
  if (std::holds_alternative<Overtaken<api::DeploymentGuard>>(next)) return "overtaken";
  if (std::holds_alternative<ObjectGone>(next)) return "gone";
  return std::get<Error>(next).message;
}

}  // namespace

TEST_CASE("writes a status again only over one that it may replace") {
  const Json evaluating = codec::to_json(status_in(api::State::Evaluating));
  const Json held = codec::to_json(status_in(api::State::Held));
  const Json idle = codec::to_json(status_in(api::State::Idle));
  Json unreadable = evaluating;
  unreadable["state"] = "Newer";
  Json other_message = evaluating;
  other_message["message"] = "v2 rolls out";
  struct Row {
    const char* name;
    Result<Json> live;
    const char* result;
  };
  const std::vector<Row> rows{
      {"only the version has changed", object_with(evaluating), "again 7"},
      {"the write was stored, its response was lost", object_with(held), "stored 7"},
      {"an earlier write without a response was stored", object_with(idle), "again 7"},
      {"it has no status", object_with(nullptr), "again 7"},
      {"another writer has changed the status", object_with(other_message), "overtaken"},
      {"the status cannot be read", object_with(unreadable), "overtaken"},
      {"it was created again", object_with(evaluating, "other-uid"), "gone"},
      {"it was deleted", fail(ErrorKind::NotFound, "not found"), "gone"},
      {"the server does not respond", fail(ErrorKind::TimedOut, "timeout"), "timeout"},
      {"the response is not an object", Json::array(), "is a list, expected an object"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(after(row.live, {status_in(api::State::Idle), status_in(api::State::Evaluating)}) ==
          row.result);
  }
  CHECK(after(object_with(idle), {status_in(api::State::Evaluating)}) == "overtaken");
}

TEST_CASE("compares a status with one in memory as it is stored") {
  api::GuardStatus in_memory = status_in(api::State::Evaluating);
  in_memory.message = "\xff" + std::string(5'000, 'x');
  in_memory.checks = {api::CheckStatus{.name = "health", .value = 0.1 + 0.2}};
  in_memory.checks[0].failing_series = {"a"};
  in_memory.checks[0].min_failing_time = Duration{500};
  in_memory.conditions = {api::Condition{.type = "Ready", .reason = ""}};
  const std::string patch =
      codec::status_patch(uid, ResourceVersion("5"), codec::to_json(in_memory));
  const Json stored = codec::parse_json(patch)->at(2).at("value");
  CHECK(after(object_with(stored), {in_memory}) == "again 7");
}

TEST_CASE("follows the same rules for the status of a Rollback") {
  const api::RollbackStatus pending{.message = "Waiting (Cooldown)"};
  const api::RollbackStatus restored{.phase = api::RollbackPhase::Restored};
  const auto next_of = [&](const Json& status) {
    return after_lost_race<api::Rollback>(object_with(status), uid, digest_of_status(restored),
                                          std::vector{digest_of_status(pending)});
  };
  CHECK(std::holds_alternative<WriteAgain>(next_of(codec::to_json(pending))));
  CHECK(std::holds_alternative<WriteAgain>(next_of(nullptr)));
  CHECK(std::holds_alternative<StatusStored>(next_of(codec::to_json(restored))));
  CHECK(std::holds_alternative<Overtaken<api::Rollback>>(next_of({{"phase", "Succeeded"}})));
  CHECK(std::holds_alternative<Overtaken<api::Rollback>>(next_of({{"phase", "Newer"}})));
}

TEST_CASE("takes an error for a lost race only if the object has changed") {
  const std::string test_failed = "the server rejected our request due to an error in our request";
  CHECK(is_lost_race({.kind = ErrorKind::Invalid, .message = test_failed, .status = 422}));
  CHECK(is_lost_race({.kind = ErrorKind::Conflict, .message = "modified", .status = 409}));
  CHECK_FALSE(is_lost_race({.kind = ErrorKind::Invalid, .message = "status.x: invalid"}));
  CHECK_FALSE(is_lost_race({.kind = ErrorKind::TimedOut}));
  CHECK_FALSE(is_lost_race({.kind = ErrorKind::NotFound}));
}

TEST_CASE("remembers the statuses that may be stored until a write is confirmed") {
  const Result<Json> no_response = fail(ErrorKind::TimedOut, "no complete response within 4s");
  GuardState state;
  state.guard_version = ResourceVersion("5");
  for (int generation = 0; generation < 40; ++generation) {
    api::GuardStatus status = status_in(api::State::Evaluating);
    status.deployment_generation = generation;
    for (int i = 0; i < 2; ++i)
      state = apply(std::move(state),
                    guard_written({.uid = uid, .version = ResourceVersion("5")},
                                  ended_by_response<api::DeploymentGuard>(no_response), status));
    REQUIRE(state.unconfirmed.back() == digest_of_status(status));
  }
  CHECK(state.unconfirmed.size() == 32);
  CHECK(state.guard_version.empty());  // so the next write reads the guard first
  CHECK(known_statuses(state.written, state.unconfirmed).size() == 33);
  state = apply(
      std::move(state),
      guard_written({.uid = uid}, ended_by_response<api::DeploymentGuard>(object_with(nullptr)),
                    status_in(api::State::Frozen)));
  CHECK(state.unconfirmed.empty());
  CHECK(state.guard_version.value == "7");
  CHECK(state.written == status_in(api::State::Frozen));
}

TEST_CASE("remembers no status that the server has rejected") {
  for (const ErrorKind kind : {ErrorKind::Invalid, ErrorKind::Forbidden, ErrorKind::NotFound,
                               ErrorKind::TooManyRequests, ErrorKind::Cancelled})
    CHECK_FALSE(ended_by_response<api::Rollback>(fail(kind, "no")).may_be_stored);
  for (const ErrorKind kind :
       {ErrorKind::TimedOut, ErrorKind::ConnectionClosed, ErrorKind::Server, ErrorKind::Protocol})
    CHECK(ended_by_response<api::Rollback>(fail(kind, "no")).may_be_stored);
}

TEST_CASE("needs no status in a Rollback that was deleted") {
  const api::RollbackStatus status{.phase = api::RollbackPhase::Failed};
  const auto gone = rollback_written(
      ended_by_read<api::Rollback>(AfterLostRace<api::Rollback>{ObjectGone{}}), status);
  CHECK(gone.status == status);
  CHECK_FALSE(gone.error);
  const auto lost = guard_written(
      {.uid = uid},
      ended_by_read<api::DeploymentGuard>(AfterLostRace<api::DeploymentGuard>{ObjectGone{}}), {});
  CHECK(lost.uid.empty());
  CHECK(lost.error);
}

TEST_CASE("passes on the object of another writer, and an error") {
  const api::DeploymentGuard live{.meta = {.uid = uid}, .problem = "status.state"};
  auto ended = ended_by_read<api::DeploymentGuard>(Overtaken<api::DeploymentGuard>{live});
  const auto written = guard_written({.uid = uid}, std::move(ended), {});
  CHECK(written.overtaken_by == live);
  CHECK_FALSE(written.status);
  REQUIRE(written.error);
  CHECK(written.error->kind == ErrorKind::Conflict);
  CHECK(has_status(live));
  CHECK_FALSE(has_status({.meta = {.uid = uid}}));
}
