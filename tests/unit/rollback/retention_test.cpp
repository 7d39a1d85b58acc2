#include "rollback/retention.hpp"

#include <catch2/catch.hpp>

namespace lastgood::rollback::test {
namespace {

using api::Rollback;
using api::RollbackPhase;
using Names = std::vector<std::string>;

Rollback make_rollback(const std::string& name, int finished_at_minute,
                       RollbackPhase phase = RollbackPhase::Succeeded) {
  Rollback out;
  out.meta.key.name = name;
  out.status.phase = phase;
  out.status.finished = Time(std::chrono::minutes(finished_at_minute));
  return out;
}

// Finished Rollbacks "r01", "r02" and so on. "r01" is the oldest.
std::vector<Rollback> finished_rollbacks(int count) {
  std::vector<Rollback> out;
  for (int i = 1; i <= count; ++i)
    out.push_back(make_rollback((i < 10 ? "r0" : "r") + std::to_string(i), i));
  return out;
}

}  // namespace

TEST_CASE("deletes all but the newest 20 finished Rollbacks, oldest first") {
  CHECK(rollbacks_to_delete({}, "").empty());
  CHECK(rollbacks_to_delete(finished_rollbacks(20), "").empty());
  CHECK(rollbacks_to_delete(finished_rollbacks(23), "") == Names{"r01", "r02", "r03"});
  auto shuffled = finished_rollbacks(23);
  std::ranges::reverse(shuffled);
  CHECK(rollbacks_to_delete(shuffled, "") == Names{"r01", "r02", "r03"});
}

TEST_CASE("keeps 20 Rollbacks that changed the template and 20 that did not") {
  auto rollbacks = finished_rollbacks(20);
  for (Rollback& rollback : rollbacks) rollback.status.template_restored = rollback.status.finished;
  for (int i = 1; i <= 22; ++i)
    rollbacks.push_back(
        make_rollback((i < 10 ? "drill-0" : "drill-") + std::to_string(i), 100 + i));
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"drill-01", "drill-02"});
}

TEST_CASE("does not delete the Rollback that the guard names") {
  CHECK(rollbacks_to_delete(finished_rollbacks(23), "r02") == Names{"r01", "r03"});
}

TEST_CASE("does not delete or count Rollbacks that are not finished") {
  auto rollbacks = finished_rollbacks(22);
  for (const auto phase : {RollbackPhase::Pending, RollbackPhase::TemplateRestored,
                           RollbackPhase::Restored, RollbackPhase::Verifying})
    rollbacks.push_back(make_rollback(std::string("open-") + to_string(phase), 0, phase));
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"r01", "r02"});
}

TEST_CASE("deletes an old Rollback in every finished phase") {
  for (const auto phase :
       {RollbackPhase::Succeeded, RollbackPhase::Failed, RollbackPhase::Superseded,
        RollbackPhase::Observed, RollbackPhase::Rejected}) {
    CAPTURE(to_string(phase));
    auto rollbacks = finished_rollbacks(20);
    rollbacks.push_back(make_rollback("old", 0, phase));
    CHECK(rollbacks_to_delete(rollbacks, "") == Names{"old"});
  }
}

TEST_CASE("sorts by the creation time when a Rollback has no end time") {
  auto rollbacks = finished_rollbacks(19);
  rollbacks.push_back(make_rollback("created-late", 0));
  rollbacks.back().status.finished.reset();
  rollbacks.back().meta.created = Time(std::chrono::minutes(100));
  rollbacks.push_back(make_rollback("without-any-time", 0));
  rollbacks.back().status.finished.reset();
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"without-any-time"});
}

TEST_CASE("deletes the first Rollback by name when the end times are equal") {
  auto rollbacks = finished_rollbacks(21);
  for (auto& rollback : rollbacks) rollback.status.finished = Time(std::chrono::minutes(1));
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"r01"});
}

}  // namespace lastgood::rollback::test
