// Three Deployments of one group over random histories: each a DeploymentHarness that sees the
// others as the controller shows them. Who was called and whose template was changed is written
// down as it happens; what that should have been is for the properties.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <functional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "harness.hpp"

namespace lastgood::guard::test {

inline constexpr std::size_t how_many = 3;

// What the people who own one of them have done to it, and when; a later one is not forgotten for
// an earlier one.
struct Told {
  Time shipped = {};              // a template of their own
  Time left = {};                 // it was taken out of the group
  bool runs_release = false;      // what runs is theirs, and was not put back
  std::optional<Time> good = {};  // since when that is good
};

struct Called {
  std::size_t who = 0;
  std::string name;
  Time at;
  Time released;
  std::vector<std::size_t> members = {};  // in the order of the call, `who` among them
};

struct Touched {
  std::size_t who = 0;
  api::Rollback rollback;
  std::string call;  // empty: it goes back alone
  Time at;
};

class Together {
 public:
  // v1 runs and is good; bakes for 1m, verifies for 30s, no cooldown. In the order db, api, web.
  Together();

  // What people do; the one that it is done to is looked at at once.
  void ship(std::size_t who, bool is_good);
  void take_out(std::size_t who);
  void take_in(std::size_t who);
  // Whatever holds back is taken away, and what waits for approval is approved.
  void clear_the_way();
  void restart();  // of the one process that looks after all of them

  // Each once, beginning with `first`; with what its checks answer, or with no answer.
  void look(std::size_t first, bool is_asked);
  void look_at(std::size_t who, bool is_asked);
  void pass(Duration time, std::size_t first, bool is_asked);
  // Rolled out, asked and looked at until nothing more can come of it.
  void come_to_rest(std::size_t first = 0);

  [[nodiscard]] bool is_in(std::size_t who) const { return !lives[who].policy.group.empty(); }
  [[nodiscard]] const Called* call_named(const std::string& name) const;
  // Nothing would stand in the way of putting it back now.
  [[nodiscard]] bool can_go_back(std::size_t who) const;
  // Its people have done something since that takes it out of what was meant.
  [[nodiscard]] bool has_other_plans(std::size_t who, Time since) const;

  std::array<DeploymentHarness, how_many> lives;
  std::array<Told, how_many> emitted;
  std::vector<Called> calls;
  std::vector<Touched> touches;
  std::set<std::string> ill;  // templates whose health fails
  std::function<void(const Called&)> at_call = [](const Called&) {};
  std::function<void(const Touched&)> at_touch = [](const Touched&) {};

 private:
  [[nodiscard]] std::vector<GroupMember> others(std::size_t who) const;
  void note_call(std::size_t who);
  void note_touch(std::size_t who);

  std::array<bool, how_many> is_seen_{};
  int shipped_ = 1;
};

struct GroupHappening {
  int kind = 0;
  std::size_t who = 0;
  int which = 0;  // of five
};
void showValue(const GroupHappening& happening, std::ostream& out);
using GroupHistory = std::vector<GroupHappening>;

// Four a turn; rapidcheck takes a hundred turns.
[[nodiscard]] rc::Gen<std::vector<GroupHistory>> group_histories();

void happen(Together& group, const GroupHistory& history);

}  // namespace lastgood::guard::test
