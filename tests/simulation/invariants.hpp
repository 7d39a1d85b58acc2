// Rules for every write of a controller:
// - The controller writes only the kinds and fields that it is allowed to write.
// - The controller holds the Lease, or held it when it was deleted. Exception: the server carries
//   out a write late.
// - A change of a template belongs to a recorded Rollback, restores the snapshot that the Rollback
//   names, and happens once for each Rollback. Exception: a user has just deleted the Rollback.
// - At most 45 s before a change of a template, the server admitted the same patch as a dry run.
// - A change of a template does not override a newer template of a user.
// - An automatic change of a template happens once for each release. It never restores a revision
//   that was rolled back before, and never changes a Deployment that is paused or opted out, or
//   whose policy was suspended a minute before.
//
// Each write is checked right after the server has handled it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
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
  // After the objects were restored from a backup: the versions and generations start again.
  void forget_history();
  [[nodiscard]] const Violations& violations() const { return violations_; }

 private:
  void check_deployment(const Write& write);
  void check_template(const Write& write, const codec::Json& deployment);
  void check_dry_run(const Write& write);
  void check_automatic(const Write& write, const codec::Json& deployment,
                       const codec::Json& rollback);
  void observe_user_write(const Write& write);
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
  std::map<std::string, int> template_changes_;  // by name of the Rollback
  // The releases that were rolled back automatically: the uid of the Deployment, and the generation
  // of the user's template.
  std::set<std::pair<std::string, std::int64_t>> rolled_back_;
  std::map<Key, MonotonicTime> suspended_since_;                  // by policy
  std::map<Key, MonotonicTime> deleted_by_users_;                 // by Rollback
  std::map<Key, std::vector<AdmittedDryRun>> admitted_dry_runs_;  // by Deployment
  std::string last_leader_;  // before the Lease was deleted, if it was
  Violations violations_;
};

}  // namespace lastgood::simulation
