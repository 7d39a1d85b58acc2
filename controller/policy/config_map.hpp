// The policy in a ConfigMap: the keys health_check_url, failure_threshold and check_interval.
#pragma once

#include <optional>
#include <string>

#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/result.hpp"

namespace lastgood::policy {

// The spec has one HTTP check, "health". All its other fields have their defaults. Every error is
// BadInput and names the key, its value and the expected value. A key that looks like a misspelt
// key of Lastgood is an error. All other keys are ignored.
[[nodiscard]] Result<api::PolicySpec> policy_spec_of(const api::ConfigMap& config_map);

struct ConfigMapRead {
  std::string name;
  Result<api::ConfigMap> result;
  MonotonicTime at;
};

// The read to use. Usually this is `latest`. If `latest` failed with a temporary error, and
// `previous` read the same ConfigMap successfully, the result has the content of `previous` and the
// time of `latest`. Every error except NotFound and Forbidden is temporary.
[[nodiscard]] ConfigMapRead usable_read(const std::optional<ConfigMapRead>& previous,
                                        const ConfigMapRead& latest);

}  // namespace lastgood::policy
