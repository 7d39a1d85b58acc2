#include "guard/schedule.hpp"

#include <algorithm>

namespace lastgood::guard {

namespace {

// The first time after `now` that is a multiple of `interval` after `turn`. Precondition: `turn` is
// not after `now`.
MonotonicTime next_turn(MonotonicTime turn, Duration interval, MonotonicTime now) {
  const auto missed_turns = (now - turn) / interval;
  return turn + (missed_turns + 1) * interval;
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
  for (const auto& [name, turn] : turns_) earliest = std::min(earliest.value_or(turn), turn);
  return earliest;
}

}  // namespace lastgood::guard
