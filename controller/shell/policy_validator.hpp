// Sends the queries of each policy once when the policy is new or changed, and then from time to
// time, so that an invalid query is found before a release. Only the leader sends them. The results
// stay in memory: PolicyReporter writes them into the status of the policy.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "api/meta.hpp"
#include "api/policy.hpp"
#include "checks/validation_schedule.hpp"
#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "runtime/leadership.hpp"
#include "runtime/task_group.hpp"
#include "shell/metrics_sender.hpp"

namespace lastgood::shell {

class PolicyValidator {
 public:
  // `address`: the address of the metrics server for checks that name none; may be empty. The
  // validations run in `tasks`.
  PolicyValidator(runtime::TaskGroup& tasks, MetricsSender& sender, ports::Clock& clock,
                  const kube::Stores& stores, const runtime::Leadership& leadership,
                  std::string address)
      : tasks_(tasks),
        sender_(sender),
        clock_(clock),
        stores_(stores),
        leadership_(leadership),
        address_(std::move(address)) {}

  // Runs until it is cancelled.
  boost::asio::awaitable<void> run();

  // The condition ChecksValid. Empty if the policy was not validated in this term.
  [[nodiscard]] std::optional<api::Condition> condition_of(const api::RollbackPolicy& policy) const;

 private:
  void start_due();
  // Sends the queries. Returns the condition, or nothing if the policy has no query.
  boost::asio::awaitable<std::optional<api::Condition>> query(
      std::shared_ptr<const api::RollbackPolicy> policy);
  boost::asio::awaitable<void> validate(checks::PolicyVersion version);

  runtime::TaskGroup& tasks_;
  MetricsSender& sender_;
  ports::Clock& clock_;
  const kube::Stores& stores_;
  const runtime::Leadership& leadership_;
  std::string address_;
  runtime::Term term_ = 0;
  checks::ValidationSchedule schedule_;
};

}  // namespace lastgood::shell
