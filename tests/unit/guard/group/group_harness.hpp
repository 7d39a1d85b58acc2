// Three Deployments of one group in random histories. Each is a DeploymentHarness that sees the
// others as the controller publishes them. The harness records each group rollback and each change
// of a template as it happens; the invariants decide whether that was right.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <functional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "unit/guard/harness.hpp"

namespace lastgood::guard::test {

inline constexpr std::size_t group_size = 3;

// The last actions of the users of one Deployment, with their times.
struct UserActions {
  Time shipped = {};
  Time left_group = {};
  bool runs_users_template = false;  // the template is from a user, not from a rollback
  std::optional<Time> good = {};     // since when the running release is good
};

struct GroupRollbackRecord {
  std::size_t initiator = 0;
  std::string name;  // of the initiator's Rollback
  Time at;
  Time released;                          // when the release of the initiator was shipped
  std::vector<std::size_t> members = {};  // in their order, with the initiator
};

struct TemplateChange {
  std::size_t member = 0;
  api::Rollback rollback;
  std::string group_rollback;  // the name of the initiator's Rollback; empty: none
  Time at;
};

class GroupHarness {
 public:
  // v1 runs and is good. Bakes for 1m, verifies for 30s, no cooldown. In the order db, api, web.
  GroupHarness();

  // Actions of users. The Deployment is reconciled at once.
  void ship(std::size_t member, bool is_good);
  void leave_group(std::size_t member);
  void join_group(std::size_t member);
  // Removes all that blocks a rollback, and approves the pending ones.
  void unblock_all();
  void restart();  // of the controller of all three

  // Reconciles each once, beginning with `first`; with measurements of the checks, or with none.
  void reconcile(std::size_t first, bool is_measured);
  void reconcile_one(std::size_t member, bool is_measured);
  void pass_time(Duration time, std::size_t first, bool is_measured);
  // Rolls out, measures and reconciles until nothing more happens.
  void settle(std::size_t first = 0);

  [[nodiscard]] bool is_in_group(std::size_t member) const {
    return !members[member].policy.group.empty();
  }
  [[nodiscard]] const GroupRollbackRecord* find_group_rollback(const std::string& name) const;
  // Nothing blocks a rollback of it now.
  [[nodiscard]] bool can_roll_back(std::size_t member) const;
  // A user shipped it or took it out of the group since.
  [[nodiscard]] bool has_newer_choice(std::size_t member, Time since) const;

  std::array<DeploymentHarness, group_size> members;
  std::array<UserActions, group_size> user_actions;
  std::vector<GroupRollbackRecord> group_rollbacks;
  std::vector<TemplateChange> template_changes;
  std::set<std::string> bad_templates;  // check health fails for them
  std::function<void(const GroupRollbackRecord&)> on_group_rollback =
      [](const GroupRollbackRecord&) {};
  std::function<void(const TemplateChange&)> on_template_change = [](const TemplateChange&) {};

 private:
  [[nodiscard]] std::vector<GroupMember> others(std::size_t member) const;
  void record_group_rollback(std::size_t member);
  void record_template_change(std::size_t member);

  std::array<bool, group_size> is_reconciled_{};
  int shipped_ = 1;
};

struct GroupEvent {
  int kind = 0;
  std::size_t member = 0;
  int argument = 0;  // 0 to 4
};
void showValue(const GroupEvent& event, std::ostream& out);
using GroupHistory = std::vector<GroupEvent>;

// Four histories for each of the hundred runs of rapidcheck.
[[nodiscard]] rc::Gen<std::vector<GroupHistory>> group_histories();

void run_history(GroupHarness& group, const GroupHistory& history);

}  // namespace lastgood::guard::test
