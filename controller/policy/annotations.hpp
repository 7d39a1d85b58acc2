// What an owner says on a Deployment and on its pod template: the keys under lastgood.dev/, and
// what is wrong with them. Pure. Must not know policies, nor what is done about a problem.
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

// Those that a person may write on a Deployment, and on its pod template.
[[nodiscard]] std::span<const std::string_view> valid_keys();
[[nodiscard]] std::span<const std::string_view> valid_template_keys();

// What was found and what is expected; one line, bounded.
using AnnotationProblem = std::string;

struct OptIn {
  std::optional<bool> enabled = {};
  std::string policy;      // empty: not named
  std::string config_map;  // empty: not named
  std::optional<Time> pause_until = {};
  std::optional<Time> resume = {};
  std::string approve;  // empty: nothing is
  std::string group;    // empty: in none
  int group_order = 0;
  std::vector<AnnotationProblem> problems = {};  // at most 16, in the order of the keys
  bool operator==(const OptIn&) const = default;
};

// A value that cannot be understood is left out, and is a problem.
[[nodiscard]] OptIn parse_opt_in(const api::StringMap& annotations);

struct TemplateMarks {
  bool no_rollback_past = false;
  std::vector<AnnotationProblem> problems = {};  // at most 16, in the order of the keys
  bool operator==(const TemplateMarks&) const = default;
};

// A mark that cannot be understood is taken for one: what it says of a migration may be true, and
// then going back does harm.
[[nodiscard]] TemplateMarks parse_template(const api::StringMap& annotations);

// The first one, and how many more there are; for an Event or a condition. Empty without any.
[[nodiscard]] std::string in_words(std::span<const AnnotationProblem> problems);

// What cannot be understood of the annotations of the pod template; empty: nothing.
[[nodiscard]] std::string problem_of_template(const codec::Json& live_deployment);

}  // namespace lastgood::policy
