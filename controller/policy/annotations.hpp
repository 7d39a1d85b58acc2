// The annotations under lastgood.dev/ on a Deployment and on its pod template.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/constants.hpp"
#include "api/meta.hpp"
#include "codec/json.hpp"

namespace lastgood::policy {

// The keys that a user may set on a Deployment, and on its pod template.
[[nodiscard]] std::span<const std::string_view> valid_keys();
[[nodiscard]] std::span<const std::string_view> valid_template_keys();

// A message for users on one line, below 512 bytes: the key, its value, and the expected value.
using AnnotationProblem = std::string;

struct OptIn {
  std::optional<bool> enabled = {};
  std::string policy;      // empty: not set
  std::string config_map;  // empty: not set
  std::optional<Time> pause_until = {};
  std::optional<Time> resume = {};
  std::string approve;  // empty: not set
  std::string group;    // empty: not set
  int group_order = 0;
  std::vector<AnnotationProblem> problems = {};  // at most 16, in the order of the keys
  bool operator==(const OptIn&) const = default;
};

// An invalid value is not set in the result, and is a problem.
[[nodiscard]] OptIn parse_opt_in(const api::StringMap& annotations);

struct TemplateMarks {
  bool no_rollback_past = false;
  std::vector<AnnotationProblem> problems = {};  // at most 16, in the order of the keys
  bool operator==(const TemplateMarks&) const = default;
};

// An invalid value or an unknown key counts as no-rollback-past. The user may have meant it: a
// rollback past a database migration does more harm than no rollback.
[[nodiscard]] TemplateMarks parse_template(const api::StringMap& annotations);

// "FIRST PROBLEM (and 2 more)". Empty without problems.
[[nodiscard]] std::string summary(std::span<const AnnotationProblem> problems);

// The problems of the annotations on the pod template. Empty without problems.
[[nodiscard]] std::string problem_of_template(const codec::Json& live_deployment);

}  // namespace lastgood::policy
