#include "guard/schedule.hpp"

#include <algorithm>

namespace lastgood::guard {

namespace {

// The first turn after `now`, on the grid that has `turn` and this interval.
MonotonicTime next_turn(MonotonicTime turn, Duration interval, MonotonicTime now) {
  const auto missed = std::max<Duration::rep>((now - turn) / interval, 0);
  return turn + (missed + 1) * interval;
}

}  // namespace

std::vector<std::string> Schedule::take_due(const Needs& needs, const api::PolicySpec& spec,
                                            MonotonicTime now) {
  std::map<std::string, Duration> wanted;
  if (needs.rollout_measurement) wanted.emplace(api::rollout_check, rollout_interval);
  if (needs.check_measurements) {
    for (const api::Check& check : spec.checks) wanted.emplace(check.name, check.interval);
  }
  std::erase_if(turns_, [&](const auto& turn) { return !wanted.contains(turn.first); });
  std::vector<std::string> due;
  for (const auto& [name, interval] : wanted) {
    // If the turn is more than one interval away, the policy has shortened the interval since.
    const MonotonicTime turn =
        std::min(turns_.try_emplace(name, now).first->second, now + interval);
    turns_[name] = turn;
    if (turn > now) continue;
    due.push_back(name);
    turns_[name] = next_turn(turn, interval, now);
  }
  return due;
}

std::optional<MonotonicTime> Schedule::next() const {
  std::optional<MonotonicTime> earliest;
  for (const auto& [name, turn] : turns_) {
    if (!earliest || turn < *earliest) earliest = turn;
  }
  return earliest;
}

}  // namespace lastgood::guard
