#include "shell/policy_reporter.hpp"

#include <vector>

#include "base/log.hpp"
#include "policy/status.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr Duration report_interval{3000};

template <class Object>
using Pointers = std::vector<std::shared_ptr<const Object>>;

policy::SelectorConflict conflict_of(const api::RollbackPolicy& policy,
                                     const Pointers<api::Deployment>& conflicting,
                                     const Pointers<api::RollbackPolicy>& policies) {
  if (conflicting.empty()) return {};
  std::vector<const api::Deployment*> deployments;
  for (const auto& one : conflicting) deployments.push_back(one.get());
  std::vector<const api::RollbackPolicy*> of_namespace;
  for (const auto& one : policies) {
    if (one->meta.key.namespace_ == policy.meta.key.namespace_) of_namespace.push_back(one.get());
  }
  return policy::conflict_of(policy, deployments, of_namespace);
}

}  // namespace

PolicyReporter::PolicyReporter(StatusWriter& status_writer, EventRecorder& events,
                               const PolicyValidator& validator, ports::Clock& clock,
                               ports::Telemetry& telemetry, const kube::Stores& stores,
                               const runtime::Leadership& leadership, const Reconciler& reconciler,
                               std::function<bool()> is_settled)
    : status_writer_(status_writer),
      events_(events),
      validator_(validator),
      clock_(clock),
      telemetry_(telemetry),
      stores_(stores),
      leadership_(leadership),
      reconciler_(reconciler),
      is_settled_(std::move(is_settled)) {}

asio::awaitable<void> PolicyReporter::run() {
  for (;;) {
    co_await clock_.sleep_until(clock_.monotonic_now() + report_interval);
    co_await report();
  }
}

asio::awaitable<void> PolicyReporter::report() {
  telemetry_.guarded(reconciler_.count_guarded());
  const runtime::Term term = leadership_.term();
  if (term == 0 || !is_settled_()) co_return;
  std::vector<std::shared_ptr<const api::RollbackPolicy>> policies;
  stores_.policies.for_each([&](const auto& policy) { policies.push_back(policy); });
  const auto conflicting = reconciler_.with_policy_conflict();
  for (const auto& policy : policies) {
    const auto guarded = reconciler_.count_guarded_by(policy->meta.key.namespace_,
                                                      "RollbackPolicy/" + policy->meta.key.name);
    const api::PolicyStatus status =
        policy::status_of(*policy, guarded, conflict_of(*policy, conflicting, policies),
                          validator_.condition_of(*policy), clock_.now());
    if (status == policy->status) continue;
    const auto written = co_await status_writer_.policy(*policy, status, term);
    if (!written)
      log::warn("cannot write the status of a RollbackPolicy; retrying in 3 s",
                {{"policy", policy->meta.key.str()}, {"error", written.error()}});
    if (!written) continue;
    for (const api::EventRecord& event : policy::events_of(policy->status, status))
      co_await events_.record(*policy, event, term);
  }
}

}  // namespace lastgood::shell
