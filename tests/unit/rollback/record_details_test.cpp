// The Rollback record: the limits of its name and timeline, and its relation to the guard.
#include <catch2/catch.hpp>

#include "rollback/record.hpp"
#include "support/mentions.hpp"
#include "support/printers.hpp"

namespace lastgood::rollback::test {
namespace {

using namespace std::chrono_literals;
using api::Reason;
using api::RollbackPhase;
using api::State;
using testing::mentions;

constexpr Time noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h};

api::Deployment deployment(const std::string& name) {
  api::Deployment out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.meta.uid = Uid("1b4e28ba-2fa1");
  out.meta.generation = 7;
  return out;
}

// A guard in state Held and the Rollback that the guard names.
struct GuardWithRollback {
  api::GuardStatus guard{.state = State::Held, .rollback = "web-7-1b4e"};
  std::optional<api::Rollback> rollback = api::Rollback{};

  GuardWithRollback() {
    rollback->meta.key.name = "web-7-1b4e";
    guard.current = api::Revision{.hash = TemplateHash("v2")};
    guard.evaluation_started = noon;
    rollback->spec.from.hash = TemplateHash("v2");
  }
};

TEST_CASE("rollback_name keeps the first 220 characters of the name of the Deployment") {
  CHECK(rollback_name(deployment(std::string(220, 'a'))) == std::string(220, 'a') + "-7-1b4e");
  CHECK(rollback_name(deployment(std::string(221, 'a'))) == std::string(220, 'a') + "-7-1b4e");
}

TEST_CASE("next_rollback_name counts the later Rollbacks of a generation from 2") {
  api::Rollback last;
  last.status.phase = RollbackPhase::Superseded;
  last.meta.key.name = "web-7-1b4e-1";
  CHECK(next_rollback_name(deployment("web"), last) == "web-7-1b4e");
  last.meta.key.name = "web-7-1b4e-2";
  CHECK(next_rollback_name(deployment("web"), last) == "web-7-1b4e-3");
}

TEST_CASE("add_timeline_entry keeps the first 20 entries, with their times") {
  api::RollbackStatus status;
  for (int i = 0; i < 25; ++i) add_timeline_entry(status, std::to_string(i), noon + i * 1s);
  REQUIRE(status.timeline.size() == 20);
  CHECK(status.timeline.back() == api::TimelineEntry{.time = noon + 19s, .message = "19"});
}

TEST_CASE("advance adds a timeline entry when the phase changes, not when the message changes") {
  api::RollbackStatus status;
  status = advance(status, RollbackPhase::Pending, "a", noon);
  status = advance(status, RollbackPhase::Pending, "b", noon);
  CHECK(status.timeline.size() == 1);
  status = advance(status, RollbackPhase::Succeeded, "c", noon + 1s);
  status = advance(status, RollbackPhase::Succeeded, "d", noon + 2s);
  CHECK(status.timeline.size() == 2);
  CHECK(status.finished == noon + 1s);
}

TEST_CASE("cause_text names the check, the initiator of the group, or a user") {
  CHECK_THAT(cause_text({.check = "health", .reason = Reason::WrongStatus}),
             mentions({"health", "WrongStatus"}));
  CHECK_THAT(cause_text({.caused_by = "api-2-9f"}), mentions({"api-2-9f"}));
  const std::string manually = cause_text({});
  CHECK_FALSE(manually.empty());
  CHECK(manually.find("check") == std::string::npos);
  CHECK(manually.find("group") == std::string::npos);
}

TEST_CASE("is_in_progress returns true while the Rollback rolls back or is held") {
  struct Row {
    const char* name;
    void (*change)(GuardWithRollback&);
    bool expected;
  };
  const std::vector<Row> rows = {
      {"the guard holds its pending Rollback", [](GuardWithRollback&) {}, true},
      {"the guard is idle", [](GuardWithRollback& objects) { objects.guard.state = State::Idle; },
       false},
      {"the guard rolls back",
       [](GuardWithRollback& objects) { objects.guard.state = State::RollingBack; }, true},
      {"the guard names another Rollback",
       [](GuardWithRollback& objects) { objects.guard.rollback = "other"; }, false},
      {"the Rollback failed",
       [](GuardWithRollback& objects) { objects.rollback->status.phase = RollbackPhase::Failed; },
       false},
      {"the Rollback failed, but the guard still has it as pending",
       [](GuardWithRollback& objects) {
         objects.rollback->status.phase = RollbackPhase::Failed;
         objects.guard.pending = "web-7-1b4e";
       },
       true},
      {"the Rollback was superseded, but the guard still has it as pending",
       [](GuardWithRollback& objects) {
         objects.rollback->status.phase = RollbackPhase::Superseded;
         objects.guard.pending = "web-7-1b4e";
       },
       false}};
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      GuardWithRollback objects;
      row.change(objects);
      CHECK(is_in_progress(objects.guard, objects.rollback) == row.expected);
    }
  }
}

TEST_CASE("named_by returns the Rollback only when the guard names it") {
  GuardWithRollback objects;
  CHECK(named_by(objects.guard, objects.rollback) == &*objects.rollback);
  objects.guard.rollback = "web-6-1b4e";
  CHECK(named_by(objects.guard, objects.rollback) == nullptr);
  CHECK(named_by(objects.guard, {}) == nullptr);
}

TEST_CASE("was_applied_again returns true when the release was applied during its rollback") {
  const auto supersede = [](GuardWithRollback& objects) {
    objects.rollback->status.phase = RollbackPhase::Superseded;
    objects.rollback->status.template_restored = noon + 1s;
  };
  GuardWithRollback objects;
  supersede(objects);
  CHECK(was_applied_again(objects.guard, objects.rollback));
  struct Row {
    const char* name;
    void (*change)(GuardWithRollback&);
  };
  const std::vector<Row> rows = {
      {"the Rollback failed",
       [](GuardWithRollback& changed) { changed.rollback->status.phase = RollbackPhase::Failed; }},
      {"another revision is deployed",
       [](GuardWithRollback& changed) { changed.guard.current->hash = TemplateHash("v3"); }},
      {"the current revision is not known",
       [](GuardWithRollback& changed) { changed.guard.current.reset(); }},
      {"no evaluation has started",
       [](GuardWithRollback& changed) { changed.guard.evaluation_started.reset(); }},
      {"the evaluation started after the rollback",
       [](GuardWithRollback& changed) { changed.guard.evaluation_started = noon + 1s; }},
      {"the template was not restored",
       [](GuardWithRollback& changed) { changed.rollback->status.template_restored.reset(); }},
      {"the guard names another Rollback",
       [](GuardWithRollback& changed) { changed.guard.rollback = "other"; }}};
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      GuardWithRollback changed;
      supersede(changed);
      row.change(changed);
      CHECK_FALSE(was_applied_again(changed.guard, changed.rollback));
    }
  }
}

}  // namespace
}  // namespace lastgood::rollback::test
