#include "shell/policy_validator.hpp"

#include <algorithm>
#include <vector>

#include "checks/policy_validation.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr Duration tick{1000};
// Limits the validations at once: each waits for the server, and the server may not respond.
constexpr std::size_t max_running = 4;

}  // namespace

asio::awaitable<void> PolicyValidator::run() {
  for (;;) {
    co_await clock_.sleep_until(clock_.monotonic_now() + tick);
    start_due();
  }
}

void PolicyValidator::start_due() {
  if (term_ != leadership_.term()) entries_.clear();
  term_ = leadership_.term();
  if (term_ == 0) return;
  std::erase_if(entries_, [&](const auto& one) { return !stores_.policies.find(one.first); });
  const MonotonicTime now = clock_.monotonic_now();
  auto running = static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& one) { return one.second.is_running; }));
  std::vector<std::shared_ptr<const api::RollbackPolicy>> due;
  stores_.policies.for_each([&](const std::shared_ptr<const api::RollbackPolicy>& policy) {
    const Entry fresh{.uid = policy->meta.uid, .generation = policy->meta.generation, .next = now};
    Entry& entry = entries_.try_emplace(policy->meta.key, fresh).first->second;
    if (!entry.is_running && (entry.uid != fresh.uid || entry.generation != fresh.generation))
      entry = fresh;
    if (entry.is_running || entry.next > now || running >= max_running) return;
    entry.is_running = true;
    running += 1;
    due.push_back(policy);
  });
  // A validation without a query to send ends before spawn() returns, and needs its entry.
  for (const auto& policy : due)
    tasks_.spawn("validation of policy " + policy->meta.key.str(), validate(policy));
}

asio::awaitable<void> PolicyValidator::validate(std::shared_ptr<const api::RollbackPolicy> policy) {
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
  const auto found = entries_.find(policy->meta.key);
  // The policy was deleted, and perhaps created again with the same name.
  if (found == entries_.end() || found->second.uid != policy->meta.uid) co_return;
  Entry& entry = found->second;
  entry.is_running = false;
  entry.condition.reset();
  if (!queries.empty()) entry.condition = checks::checks_valid(findings, policy->meta.generation);
  const auto status = entry.condition ? entry.condition->status : api::ConditionStatus::True;
  entry.attempts = status == api::ConditionStatus::True ? 0 : entry.attempts + 1;
  entry.next = clock_.monotonic_now() + checks::next_validation_after(status, entry.attempts);
}

std::optional<api::Condition> PolicyValidator::condition_of(
    const api::RollbackPolicy& policy) const {
  const auto found = entries_.find(policy.meta.key);
  if (found == entries_.end() || found->second.uid != policy.meta.uid) return std::nullopt;
  return found->second.condition;
}

}  // namespace lastgood::shell
