#include "shell/policy_validator.hpp"

#include <vector>

#include "checks/policy_validation.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr Duration tick{1000};

}  // namespace

asio::awaitable<void> PolicyValidator::run() {
  for (;;) {
    co_await clock_.sleep_until(clock_.monotonic_now() + tick);
    start_due();
  }
}

void PolicyValidator::start_due() {
  if (term_ != leadership_.term()) schedule_.clear();
  term_ = leadership_.term();
  if (term_ == 0) return;
  std::vector<checks::PolicyVersion> policies;
  stores_.policies.for_each([&](const std::shared_ptr<const api::RollbackPolicy>& policy) {
    const api::ObjectMeta& meta = policy->meta;
    policies.push_back({.key = meta.key, .uid = meta.uid, .generation = meta.generation});
  });
  for (const auto& version : schedule_.take_due(policies, clock_.monotonic_now()))
    tasks_.spawn("validation of policy " + version.key.str(), validate(version));
}

asio::awaitable<void> PolicyValidator::validate(checks::PolicyVersion version) {
  const runtime::Term term = term_;
  std::optional<api::Condition> condition;
  if (const auto policy = stores_.policies.find(version.key)) condition = co_await query(policy);
  if (term == term_) schedule_.finish(version, std::move(condition), clock_.monotonic_now());
}

asio::awaitable<std::optional<api::Condition>> PolicyValidator::query(
    std::shared_ptr<const api::RollbackPolicy> policy) {
  std::vector<checks::QueryFinding> findings;
  const auto queries =
      checks::plan_policy_validation(policy->spec, policy->meta.key.namespace_, address_);
  for (const checks::QueryValidation& query : queries) {
    if (query.finding) findings.push_back(*query.finding);
    if (!query.call) continue;
    const auto response =
        co_await sender_.send(query.server, policy->meta.key.namespace_, *query.call);
    findings.push_back(response ? checks::evaluate_query(query, *response, clock_.now())
                                : checks::finding_without_credentials(query, response.error()));
  }
  if (queries.empty()) co_return std::nullopt;
  co_return checks::checks_valid(findings, policy->meta.generation);
}

std::optional<api::Condition> PolicyValidator::condition_of(
    const api::RollbackPolicy& policy) const {
  return schedule_.condition_of(policy.meta.key, policy.meta.uid);
}

}  // namespace lastgood::shell
