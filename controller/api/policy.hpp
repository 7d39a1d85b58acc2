// RollbackPolicy: which checks run, and which rollbacks are allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/check_kinds.hpp"
#include "api/meta.hpp"

namespace lastgood::api {

// The name of the built-in check.
inline constexpr std::string_view rollout_check = "rollout";

// Whether a revision can become good although this check returns no result for it.
enum class OnNoData : std::uint8_t {
  Hold,    // no: it ends as Inconclusive
  Ignore,  // yes: the check is left out until it has a result
};
[[nodiscard]] const char* to_string(OnNoData value);
[[nodiscard]] std::optional<OnNoData> parse_on_no_data(std::string_view text);

struct Check {
  std::string name;
  CheckKind kind = {};
  Duration interval = std::chrono::seconds(10);
  int failure_threshold = 3;
  Duration fail_for{0};  // `for`: how long the failures must last, in addition to the threshold
  // The time from the start of the evaluation of a revision to the first measurement.
  Duration initial_delay{0};
  OnNoData on_no_data = OnNoData::Hold;
  bool operator==(const Check&) const = default;
};

// Precondition: the check is an HTTP check.
[[nodiscard]] inline const HttpCheck& http_of(const Check& check) {
  return std::get<HttpCheck>(check.kind);
}
[[nodiscard]] inline HttpCheck& http_of(Check& check) { return std::get<HttpCheck>(check.kind); }

// A digest of the question that the check asks. It is the same in every build, and does not depend
// on the interval or the failureThreshold of the check.
[[nodiscard]] std::string config_hash_of(const CheckKind& kind);

// "http", "prometheus", ...: the name of the field in the policy.
[[nodiscard]] const char* kind_name_of(const CheckKind& kind);

[[nodiscard]] Duration timeout_of(const CheckKind& kind);

struct RolloutCheck {
  bool progress_deadline = true;
  int crash_loop_restarts = 3;  // 0: crash loops do not count
  bool image_pull_errors = true;
  bool config_errors = true;
  Duration config_errors_for = std::chrono::seconds(10);
  Duration unavailable_for = std::chrono::seconds(30);  // 0: unavailable pods do not count
  int init_crash_loop_restarts = 0;  // 0: init containers that crash do not count
  bool operator==(const RolloutCheck&) const = default;
};

enum class Mode : std::uint8_t {
  Enforce,  // rolls back
  Approve,  // holds the rollback until a user approves it
  Observe,  // only records the rollback that Enforce would do
};
[[nodiscard]] const char* to_string(Mode mode);
[[nodiscard]] std::optional<Mode> parse_mode(std::string_view text);

// A Deployment with `count` rollbacks within `within` is frozen when another rollback is due.
struct RollbackLimit {
  static constexpr int max_count = 20;  // the largest `count`: a guard stores this many rollbacks
  int count = 3;
  Duration within = std::chrono::hours(1);
  bool operator==(const RollbackLimit&) const = default;
};

// When a drill runs. A drill does every step of a rollback except the write.
struct DrillPlan {
  bool after_good = false;  // once after each revision that becomes good
  Duration every{0};        // 0: not periodically
  bool operator==(const DrillPlan&) const = default;
};

struct PolicySpec {
  Mode mode = Mode::Enforce;
  bool suspend = false;
  std::optional<LabelSelector> selector = {};
  Duration bake_time = std::chrono::minutes(10);
  std::optional<Duration> minimum_bake = {};  // absent: see minimum_bake_of()
  // How long a pod that was never ready may take to start. Absent: the progress deadline of the
  // Deployment.
  std::optional<Duration> startup_grace = {};
  std::vector<Check> checks = {};
  RolloutCheck rollout = {};
  Duration verify_for = std::chrono::minutes(5);  // rollback.verifyFor
  Duration cooldown = std::chrono::minutes(5);  // rollback.cooldown: from one rollback to the next
  RollbackLimit limit = {};                     // rollback.limit
  int max_revisions_back = 5;                   // rollback.maxRevisionsBack
  DrillPlan drill = {};                         // rollback.drill
  bool operator==(const PolicySpec&) const = default;
};

// The observed time of a bake after which a release counts as good when a newer one replaces it:
// spec.minimumBake, or by default a quarter of the bake time.
[[nodiscard]] Duration minimum_bake_of(const PolicySpec& spec);

struct PolicyStatus {
  std::int64_t observed_generation = 0;
  std::int64_t guarded = 0;  // number of Deployments to which the policy applies
  Conditions conditions = {};
  bool operator==(const PolicyStatus&) const = default;
};

struct RollbackPolicy {
  ObjectMeta meta;
  PolicySpec spec = {};
  PolicyStatus status = {};
  std::string problem;  // why the spec cannot be used; empty: it can be used
  bool operator==(const RollbackPolicy&) const = default;
};

}  // namespace lastgood::api
