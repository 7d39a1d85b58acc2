// Three Deployments of one group in random histories. Each is a DeploymentHarness that sees the
// others as the controller publishes them. GroupHarness records each group rollback and each
// restored template. The tests check whether each of them was allowed and complete.
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

// The last actions of the users of one Deployment, and facts about the template that it runs now.
struct UserActions {
  Time shipped = {};
  Time left_group = {};
  bool runs_users_template = false;  // the template is from a user, not from a rollback
  std::optional<Time> good = {};     // since when the running release is good
};

struct GroupRollbackRecord {
  std::size_t initiator = 0;
  std::string name;  // the name of the initiator's Rollback
  Time at;
  Time released;                          // when the release of the initiator was shipped
  std::vector<std::size_t> members = {};  // in the order of the rollback; includes the initiator
};

// A rollback of one member.
struct Restoration {
  std::size_t member = 0;
  api::Rollback rollback;
  std::string group_rollback;  // the name of the initiator's Rollback; empty: none
  Time at;
};

// Whether a reconcile has measurements of the checks.
enum class Checks : std::uint8_t { NotMeasured, Measured };

class GroupHarness {
 public:
  // v1 runs and is good. The policies: bakeTime 1m, verifyFor 30s, no cooldown. The members in the
  // order of a rollback: db, api, web.
  GroupHarness();

  // Actions of users. The Deployment is reconciled at once.
  void ship(std::size_t member, bool is_good);
  void leave_group(std::size_t member);
  void join_group(std::size_t member);
  // Undoes each step of a history that blocks a rollback, such as a suspension, and approves the
  // pending Rollbacks. A freeze stays.
  void unblock_all();
  void restart();  // the controller restarts

  // Reconciles each member once, beginning with `first`.
  void reconcile(std::size_t first, Checks checks);
  void reconcile_one(std::size_t member, Checks checks);
  void pass_time(Duration time, std::size_t first, Checks checks);
  // Measures, reconciles and rolls out 40 times, 10 s apart: enough to end every group rollback.
  void settle(std::size_t first = 0);

  [[nodiscard]] bool is_in_group(std::size_t member) const {
    return !members[member].policy.group.empty();
  }
  [[nodiscard]] const GroupRollbackRecord* find_group_rollback(const std::string& name) const;
  // The policy, the Deployment and the preflight allow a rollback, and the member is not frozen.
  [[nodiscard]] bool can_roll_back(std::size_t member) const;
  // A user shipped the member, or took it out of the group, at `since` or later.
  [[nodiscard]] bool has_newer_choice(std::size_t member, Time since) const;

  std::array<DeploymentHarness, group_size> members;
  std::array<UserActions, group_size> user_actions;
  std::vector<GroupRollbackRecord> group_rollbacks;
  std::vector<Restoration> restorations;
  std::set<std::string> bad_templates;  // the check health fails in their pods
  std::function<void(const GroupRollbackRecord&)> on_group_rollback =
      [](const GroupRollbackRecord&) {};
  std::function<void(const Restoration&)> on_restoration = [](const Restoration&) {};

 private:
  [[nodiscard]] std::vector<GroupMember> other_members(std::size_t member) const;
  void record_group_rollback(std::size_t member);
  void record_restoration(std::size_t member);

  // The member was reconciled since the controller restarted and since the member joined the group.
  // Until then, the other members know nothing of it except its name.
  std::array<bool, group_size> is_known_as_member_{};
  int shipped_ = 1;
};

struct GroupStep {
  int type = 0;  // an index into step_types in the .cpp
  std::size_t member = 0;
  int argument = 0;  // 0 to 4; the meaning depends on the type
};
void showValue(const GroupStep& step, std::ostream& out);  // rapidcheck prints steps with this
using GroupHistory = std::vector<GroupStep>;

// Four random histories.
[[nodiscard]] rc::Gen<std::vector<GroupHistory>> group_histories();

void run_history(GroupHarness& group, const GroupHistory& history);

}  // namespace lastgood::guard::test
