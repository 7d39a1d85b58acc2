#include "public_headers.hpp"

#include <map>
#include <set>

namespace lastgood::architecture {
namespace {

// All headers of the folders that are not listed (api, base, codec, kube, ports) are public.
const std::map<std::string, std::set<std::string>> public_headers = {
    {"policy",
     {"policy/annotations.hpp", "policy/template_author.hpp", "policy/config_map.hpp",
      "policy/effective_policy.hpp", "policy/status.hpp"}},
    {"checks",
     {"checks/authorized_call.hpp",
      "checks/baseline.hpp",
      "checks/baseline_choice.hpp",
      "checks/baseline_comparison.hpp",
      "checks/credentials_source.hpp",
      "checks/external_metric.hpp",
      "checks/http_measurement.hpp",
      "checks/http_plan.hpp",
      "checks/metrics_baseline.hpp",
      "checks/placement.hpp",
      "checks/pod_metrics_measurement.hpp",
      "checks/pod_metrics_plan.hpp",
      "checks/pod_metrics_run.hpp",
      "checks/policy_validation.hpp",
      "checks/prometheus_answer.hpp",
      "checks/prometheus_check.hpp",
      "checks/registry_access.hpp",
      "checks/release_start.hpp",
      "checks/responders.hpp",
      "checks/rollout.hpp",
      "checks/rule_check.hpp",
      "checks/scrape_places.hpp",
      "checks/silence.hpp",
      "checks/validation_schedule.hpp"}},
    {"rollback",
     {"rollback/outcome.hpp", "rollback/plan.hpp", "rollback/preflight.hpp", "rollback/record.hpp",
      "rollback/snapshot.hpp"}},
    {"guard", {"guard/guard.hpp", "guard/inputs.hpp", "guard/state.hpp"}},
    // A library of independent parts: every header is public.
    {"runtime",
     {"runtime/dispatcher.hpp", "runtime/gateway.hpp", "runtime/leader_elector.hpp",
      "runtime/leadership.hpp", "runtime/paged_list.hpp", "runtime/reflector.hpp",
      "runtime/selective_reflector.hpp", "runtime/signal.hpp", "runtime/task_group.hpp"}},
    {"shell", {"shell/manager.hpp"}},
    {"net",
     {"net/files.hpp", "net/http_client.hpp", "net/kube_client.hpp", "net/kubeconfig.hpp",
      "net/memory.hpp", "net/metrics.hpp", "net/prober.hpp", "net/process.hpp", "net/server.hpp",
      "net/system_clock.hpp", "net/token.hpp"}},
};

// The folder of the included header. Empty if it is `folder` itself, or if the header is not a
// source of this project.
std::string other_folder(const std::string& folder, const Include& include) {
  const auto slash = include.file.find('/');
  if (!include.quoted || slash == std::string::npos) return "";
  const std::string other = include.file.substr(0, slash);
  return other == folder ? "" : other;
}

}  // namespace

Violations private_includes(const std::vector<SourceFile>& files) {
  Violations found;
  for (const SourceFile& file : files) {
    for (const Include& include : includes_of(file)) {
      const std::string other = other_folder(folder_of(file.path), include);
      const auto listed = public_headers.find(other);
      if (listed == public_headers.end() || listed->second.contains(include.file)) continue;
      found.push_back(
          violation(file, include.line, include.file + " is private to the folder " + other));
    }
  }
  return found;
}

Violations unused_public_headers(const std::vector<SourceFile>& files) {
  std::set<std::string> existing;
  std::set<std::string> used;
  for (const SourceFile& file : files) {
    existing.insert(include_path_of(file.path));
    for (const Include& include : includes_of(file)) {
      if (!other_folder(folder_of(file.path), include).empty()) used.insert(include.file);
    }
  }
  Violations found;
  for (const auto& [folder, headers] : public_headers) {
    for (const std::string& header : headers) {
      if (!existing.contains(header)) {
        found.push_back(header + " is listed as public, but does not exist");
      } else if (!used.contains(header)) {
        found.push_back(header + " is listed as public, but no other folder includes it");
      }
    }
  }
  return found;
}

}  // namespace lastgood::architecture
