// The policy inside a ConfigMap: health_check_url, failure_threshold and check_interval, as text.
// Pure.
#pragma once

#include <optional>
#include <string>

#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/result.hpp"

namespace lastgood::policy {

// One HTTP check named "health"; everything else is the default. Every error is BadInput and names
// the key, the value found and what is expected. A key that looks like a misspelling of one of ours
// is an error; all others are left alone.
[[nodiscard]] Result<api::PolicySpec> spec_of(const api::ConfigMap& config_map);

// What one read of a ConfigMap came to.
struct ReadConfigMap {
  std::string name;
  Result<api::ConfigMap> answer;
  MonotonicTime at;
};

// The answer to go by: a server that could not answer this time has not taken back what it said
// before.
[[nodiscard]] ReadConfigMap newest_answer(const std::optional<ReadConfigMap>& before,
                                          const ReadConfigMap& now);

}  // namespace lastgood::policy
