// The annotations of a Deployment and of its pod template, and the policy in a ConfigMap.
// The text has one annotation or key on each line: "key: value".
#include <algorithm>
#include <span>
#include <string>

#include "codec/objects.hpp"
#include "fuzz.hpp"
#include "policy/annotations.hpp"
#include "policy/config_map.hpp"
#include "policy/effective_policy.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::policy;

namespace {

constexpr std::size_t max_problems = 16;
constexpr std::size_t max_problem = 511;  // bytes

api::StringMap map_of(std::string_view text) {
  api::StringMap map;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    map.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return map;
}

// The user may have meant a key of Lastgood.
bool is_unknown(std::string_view key) {
  const auto is_valid = [key](std::span<const std::string_view> keys) {
    return std::ranges::find(keys, key) != keys.end();
  };
  return key.starts_with(api::annotation::prefix) && key != api::annotation::rolled_back_by &&
         !is_valid(valid_keys()) && !is_valid(valid_template_keys());
}

void require_problems(const std::vector<AnnotationProblem>& problems) {
  require(problems.size() <= max_problems, "the problems have a limit");
  for (const AnnotationProblem& problem : problems) {
    require_message(problem, max_problem);
    require(problem.find('\n') == std::string::npos, "a problem is one line");
  }
  if (!problems.empty()) require_message(summary(problems), max_problem + 32);
}

void resolve(const api::StringMap& annotations, const OptIn& opt_in) {
  api::Deployment deployment;
  deployment.meta.key = {.namespace_ = "shop", .name = "web"};
  deployment.meta.annotations = annotations;
  const api::ConfigMap config_map{.meta = deployment.meta, .data = annotations};
  std::optional<Result<api::ConfigMap>> read;
  if (config_map_wanted(opt_in)) read = config_map;
  const EffectivePolicy effective = resolve_policy(deployment, opt_in, {}, read);
  if (opt_in.enabled == false)
    require(effective.kind == EffectivePolicy::Kind::None, "a Deployment can opt out");
  if (opt_in.enabled != false && !opt_in.problems.empty())
    require(!effective.governs(), "no policy applies with an invalid annotation");
  if (effective.kind == EffectivePolicy::Kind::Broken) {
    require(effective.reason != api::Reason::None, "a broken policy has a reason");
    require_message(effective.message, 1000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const api::StringMap map = map_of(text_of(data, size));
  const OptIn opt_in = parse_opt_in(map);
  require_problems(opt_in.problems);
  resolve(map, opt_in);
  const TemplateMarks marks = parse_template(map);
  require_problems(marks.problems);
  for (const auto& [key, value] : map) {
    if (is_unknown(key))
      require(marks.no_rollback_past, "an unknown key of a template counts as no-rollback-past");
  }
  const auto spec = policy_spec_of({.meta = {}, .data = map});
  if (!spec) {
    require(spec.error().kind == ErrorKind::BadInput, "an invalid ConfigMap is BadInput");
    require_message(spec.error().message, 1024);
  } else {
    require(spec->checks.size() == 1, "a ConfigMap has one check");
  }
  return 0;
}
