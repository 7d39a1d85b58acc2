// Rules for every write of a controller:
// - The controller writes only the kinds and fields that it is allowed to write.
// - The controller holds the Lease, except for a write that the server carries out late.
// - A change of a template belongs to a recorded Rollback, restores the snapshot that the Rollback
//   names, and happens once for each Rollback.
// - At most 45 s before a change of a template, the server admitted the same patch as a dry run.
// - A change of a template does not override a newer template of a user.
//
// Each write is checked right after the server has handled it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/fake/api_server.hpp"

namespace lastgood::simulation {

// One line for each write that breaks a rule.
using Violations = std::vector<std::string>;
inline const Violations no_violations{};

class Invariants {
 public:
  explicit Invariants(const ApiServer& server) : server_(server) {}

  void add_controller(const std::string& user) { controllers_.insert(user); }
  [[nodiscard]] bool is_controller(const std::string& user) const {
    return controllers_.contains(user);
  }

  void check(const Write& write);
  [[nodiscard]] const Violations& violations() const { return violations_; }

 private:
  void check_deployment(const Write& write);
  void check_template(const Write& write, const codec::Json& deployment);
  void check_dry_run(const Write& write);
  void add_violation(const Write& write, const std::string& rule);

  struct AdmittedDryRun {
    std::string user;
    codec::Json patch;
    MonotonicTime at;
  };

  const ApiServer& server_;
  std::set<std::string> controllers_;
  // By uid of the Deployment: its generation after the newest change of the template by a user.
  std::map<std::string, std::int64_t> user_generations_;
  std::map<std::string, int> template_changes_;                   // by name of the Rollback
  std::map<Key, std::vector<AdmittedDryRun>> admitted_dry_runs_;  // by Deployment
  Violations violations_;
};

}  // namespace lastgood::simulation
