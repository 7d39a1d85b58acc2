// When the queries of each policy are validated, and the last result (policy_validation.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "api/meta.hpp"
#include "base/time.hpp"

namespace lastgood::checks {

// Identifies one version of a policy. A policy that is deleted and created again has another uid.
struct PolicyVersion {
  Key key;
  Uid uid;
  std::int64_t generation = 0;
};

class ValidationSchedule {
 public:
  // The policies whose validation begins now, at most 4 at once: each waits for the server, and the
  // server may not respond. A new or changed policy is due at once. `policies`: all that exist;
  // others are forgotten.
  [[nodiscard]] std::vector<PolicyVersion> take_due(std::span<const PolicyVersion> policies,
                                                    MonotonicTime now);

  // Ends a validation that take_due() returned. `condition`: ChecksValid; empty if the policy has
  // no query. Ignored if the policy was deleted, and perhaps created again with the same name.
  void finish(const PolicyVersion& policy, std::optional<api::Condition> condition,
              MonotonicTime now);

  // Empty if the policy was not validated since clear().
  [[nodiscard]] std::optional<api::Condition> condition_of(const Key& key, const Uid& uid) const;

  void clear() { entries_.clear(); }

 private:
  struct Entry {
    Uid uid;
    std::int64_t generation = 0;
    bool is_running = false;
    int attempts = 0;      // consecutive validations that were not True
    MonotonicTime next{};  // when the next validation is due
    std::optional<api::Condition> condition = {};
  };

  std::map<Key, Entry> entries_;
};

}  // namespace lastgood::checks
