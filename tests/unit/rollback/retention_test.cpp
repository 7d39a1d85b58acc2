#include "rollback/retention.hpp"

#include <catch2/catch.hpp>

namespace lastgood::rollback::test {
namespace {

using api::Rollback;
using api::RollbackPhase;
using Names = std::vector<std::string>;

Rollback record(const std::string& name, int finished_at_minute,
                RollbackPhase phase = RollbackPhase::Succeeded) {
  Rollback out;
  out.meta.key.name = name;
  out.status.phase = phase;
  out.status.finished = Time(std::chrono::minutes(finished_at_minute));
  return out;
}

// "r01" is the oldest.
std::vector<Rollback> history(int count) {
  std::vector<Rollback> out;
  for (int i = 1; i <= count; ++i)
    out.push_back(record((i < 10 ? "r0" : "r") + std::to_string(i), i));
  return out;
}

}  // namespace

TEST_CASE("deletes all but the newest twenty finished Rollbacks, oldest first") {
  CHECK(rollbacks_to_delete({}, "").empty());
  CHECK(rollbacks_to_delete(history(20), "").empty());
  CHECK(rollbacks_to_delete(history(23), "") == Names{"r01", "r02", "r03"});
  auto shuffled = history(23);
  std::ranges::reverse(shuffled);
  CHECK(rollbacks_to_delete(shuffled, "") == Names{"r01", "r02", "r03"});
}

TEST_CASE("counts Rollbacks that changed nothing apart from executed ones") {
  std::vector<Rollback> rollbacks;
  for (Rollback& executed : rollbacks = history(20))
    executed.status.template_restored = executed.status.finished;
  for (int i = 1; i <= 22; ++i)
    rollbacks.push_back(record((i < 10 ? "drill-0" : "drill-") + std::to_string(i), 100 + i));
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"drill-01", "drill-02"});
}

TEST_CASE("does not delete the Rollback that the guard names") {
  CHECK(rollbacks_to_delete(history(23), "r02") == Names{"r01", "r03"});
}

TEST_CASE("does not delete or count Rollbacks that are not finished") {
  auto rollbacks = history(22);
  for (const auto phase : {RollbackPhase::Pending, RollbackPhase::TemplateRestored,
                           RollbackPhase::Restored, RollbackPhase::Verifying})
    rollbacks.push_back(record(std::string("open-") + to_string(phase), 0, phase));
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"r01", "r02"});
}

TEST_CASE("counts every finished phase") {
  for (const auto phase :
       {RollbackPhase::Succeeded, RollbackPhase::Failed, RollbackPhase::Superseded,
        RollbackPhase::Observed, RollbackPhase::Rejected}) {
    CAPTURE(to_string(phase));
    auto rollbacks = history(20);
    rollbacks.push_back(record("old", 0, phase));
    CHECK(rollbacks_to_delete(rollbacks, "") == Names{"old"});
  }
}

TEST_CASE("uses the creation time when a Rollback has no end time") {
  auto rollbacks = history(19);
  rollbacks.push_back(record("created-late", 0));
  rollbacks.back().status.finished.reset();
  rollbacks.back().meta.created = Time(std::chrono::minutes(100));
  rollbacks.push_back(record("without-time", 0));
  rollbacks.back().status.finished.reset();
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"without-time"});
}

TEST_CASE("deletes the first name when the end times are equal") {
  auto rollbacks = history(21);
  for (auto& rollback : rollbacks) rollback.status.finished = Time(std::chrono::minutes(1));
  CHECK(rollbacks_to_delete(rollbacks, "") == Names{"r01"});
}

}  // namespace lastgood::rollback::test
