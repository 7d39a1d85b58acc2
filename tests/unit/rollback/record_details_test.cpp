// The Rollback record: limits of its name and timeline, and what the status knows of it.
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

// A Rollback of the present generation, and a status that names it.
struct Known {
  api::GuardStatus guard{.state = State::Held, .rollback = "web-7-1b4e"};
  std::optional<api::Rollback> rollback = api::Rollback{};

  Known() {
    rollback->meta.key.name = "web-7-1b4e";
    guard.current = api::Revision{.hash = TemplateHash("v2")};
    guard.evaluation_started = noon;
    rollback->spec.from.hash = TemplateHash("v2");
  }
};

template <class Function>
void each(const std::vector<std::pair<void (*)(Known&), bool>>& rows, Function function) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    Known known;
    rows[i].first(known);
    CHECK(function(known) == rows[i].second);
  }
}

TEST_CASE("keeps 220 characters of the name of the Deployment") {
  CHECK(rollback_name(deployment(std::string(220, 'a'))) == std::string(220, 'a') + "-7-1b4e");
  CHECK(rollback_name(deployment(std::string(221, 'a'))) == std::string(220, 'a') + "-7-1b4e");
}

TEST_CASE("counts later Rollbacks of a generation from 2") {
  api::Rollback last;
  last.status.phase = RollbackPhase::Superseded;
  last.meta.key.name = "web-7-1b4e-1";
  CHECK(next_rollback_name(deployment("web"), last) == "web-7-1b4e");
  last.meta.key.name = "web-7-1b4e-2";
  CHECK(next_rollback_name(deployment("web"), last) == "web-7-1b4e-3");
}

TEST_CASE("keeps twenty entries in the timeline, with their times") {
  api::RollbackStatus status;
  for (int i = 0; i < 25; ++i) add_timeline_entry(status, std::to_string(i), noon + i * 1s);
  REQUIRE(status.timeline.size() == 20);
  CHECK(status.timeline.back() == api::TimelineEntry{.time = noon + 19s, .message = "19"});
}

TEST_CASE("adds a timeline entry for each phase, not for each message") {
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

TEST_CASE("is in progress while it is held, and when it failed while it was held") {
  each({{[](Known&) {}, true},
        {[](Known& known) { known.guard.state = State::Idle; }, false},
        {[](Known& known) { known.guard.state = State::RollingBack; }, true},
        {[](Known& known) { known.guard.rollback = "other"; }, false},
        {[](Known& known) { known.rollback->status.phase = RollbackPhase::Failed; }, false},
        {[](Known& known) {
           known.rollback->status.phase = RollbackPhase::Failed;
           known.guard.pending = "web-7-1b4e";
         },
         true},
        {[](Known& known) {
           known.rollback->status.phase = RollbackPhase::Superseded;
           known.guard.pending = "web-7-1b4e";
         },
         false}},
       [](const Known& known) { return is_in_progress(known.guard, known.rollback); });
}

TEST_CASE("knows the Rollback that the status names, and no other") {
  Known known;
  CHECK(named_by(known.guard, known.rollback) == &*known.rollback);
  known.guard.rollback = "web-6-1b4e";
  CHECK(named_by(known.guard, known.rollback) == nullptr);
  CHECK(named_by(known.guard, {}) == nullptr);
}

TEST_CASE("was_applied_again is true when the release was applied during its rollback") {
  const auto given = [](Known& known) {
    known.rollback->status.phase = RollbackPhase::Superseded;
    known.rollback->status.template_restored = noon + 1s;
  };
  Known known;
  given(known);
  CHECK(was_applied_again(known.guard, known.rollback));
  const std::vector<void (*)(Known&)> others = {
      [](Known& k) { k.rollback->status.phase = RollbackPhase::Failed; },
      [](Known& k) { k.guard.current->hash = TemplateHash("v3"); },
      [](Known& k) { k.guard.current.reset(); },
      [](Known& k) { k.guard.evaluation_started.reset(); },
      [](Known& k) { k.guard.evaluation_started = noon + 1s; },
      [](Known& k) { k.rollback->status.template_restored.reset(); },
      [](Known& k) { k.guard.rollback = "other"; }};
  for (std::size_t i = 0; i < others.size(); ++i) {
    CAPTURE(i);
    Known other;
    given(other);
    others[i](other);
    CHECK_FALSE(was_applied_again(other.guard, other.rollback));
  }
}

}  // namespace
}  // namespace lastgood::rollback::test
