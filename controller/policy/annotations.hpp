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

// The annotations that a user may set on a Deployment.
[[nodiscard]] std::span<const std::string_view> valid_keys();
// The annotations that a user may set on a pod template.
[[nodiscard]] std::span<const std::string_view> valid_template_keys();

// One line for users, shorter than 512 bytes: the key, its value, and the expected value.
using AnnotationProblem = std::string;

// The annotations of a Deployment.
struct OptIn {
  std::optional<bool> enabled = {};  // absent: not set
  std::string policy;                // empty: not set
  std::string config_map;            // empty: not set
  std::optional<Time> pause_until = {};
  std::optional<Time> resume = {};
  std::string approve;  // empty: not set
  std::string group;    // empty: not set
  int group_order = 0;
  std::vector<AnnotationProblem> problems = {};  // at most 16, each at most 511 bytes
  bool operator==(const OptIn&) const = default;
};

// If a value is invalid, its field is not set, and `problems` has a message.
[[nodiscard]] OptIn parse_opt_in(const api::StringMap& annotations);

// The annotations of a pod template.
struct TemplateMarks {
  bool no_rollback_past = false;
  std::vector<AnnotationProblem> problems = {};  // at most 16, each at most 511 bytes
  bool operator==(const TemplateMarks&) const = default;
};

// An unknown key, or an invalid value of no-rollback-past, counts as no-rollback-past: the user may
// have meant to set it. A rollback past a database migration does more harm than no rollback.
[[nodiscard]] TemplateMarks parse_template(const api::StringMap& annotations);

// For example "FIRST PROBLEM (and 2 more)". Empty without problems.
[[nodiscard]] std::string summary(std::span<const AnnotationProblem> problems);

// The summary of the problems of the pod template's annotations. Empty without problems.
[[nodiscard]] std::string problem_of_template(const codec::Json& live_deployment);

}  // namespace lastgood::policy
