#include "guard/schedule.hpp"

#include <algorithm>
#include <functional>

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
                                            const std::set<std::string>& running, MonotonicTime now,
                                            const FirstRuns& first) {
  std::map<std::string, Duration> wanted;
  if (needs.rollout_measurement) wanted.emplace(api::rollout_check, needs.rollout_every);
  if (needs.check_measurements) {
    for (const api::Check& check : spec.checks) wanted.emplace(check.name, check.interval);
  }
  const auto first_run = [&](const std::string& name) {
    const auto found = first.find(name);
    return found == first.end() ? FirstRun{} : found->second;
  };
  delayed_.clear();
  std::erase_if(wanted, [&](const auto& check) {
    const Duration not_before = first_run(check.first).not_before;
    if (not_before > Duration::zero()) delayed_[check.first] = now + not_before;
    return not_before > Duration::zero();
  });
  const auto is_unwanted = [&](const auto& entry) { return !wanted.contains(entry.first); };
  std::erase_if(turns_, is_unwanted);
  std::erase_if(requests_, is_unwanted);
  std::erase_if(last_run_, is_unwanted);
  std::erase_if(waiting_, [&](const std::string& name) { return !wanted.contains(name); });
  for (const auto& [name, interval] : wanted) {
    // If the turn is more than one interval away, the policy has shortened the interval since.
    const MonotonicTime at = has_planned_ ? now : now + first_run(name).spread;
    MonotonicTime& turn = turns_.try_emplace(name, at).first->second;
    turn = std::min(turn, now + interval);
  }
  if (needs.rollout_every > rollout_interval) join_turns(needs.rollout_every, now);
  std::vector<std::string> due;
  for (const auto& [name, interval] : wanted) {
    const MonotonicTime turn = turns_[name];
    const auto requested = requests_.find(name);
    const bool is_requested = requested != requests_.end() && requested->second <= now;
    if (turn > now && !is_requested) continue;
    if (running.contains(name)) {
      waiting_.insert(name);
      continue;
    }
    const bool has_waited = waiting_.erase(name) > 0;
    due.push_back(name);
    last_run_[name] = now;
    if (requested != requests_.end()) requests_.erase(requested);
    if (turn <= now) turns_[name] = has_waited ? now + interval : next_turn(turn, interval, now);
  }
  has_planned_ = has_planned_ || needs.check_measurements;
  return due;
}

void Schedule::join_turns(Duration rollout_every, MonotonicTime now) {
  const auto rollout = turns_.find(std::string(api::rollout_check));
  const bool is_other_due = std::ranges::any_of(turns_, [&](const auto& turn) {
    return turn.first != api::rollout_check && turn.second <= now;
  });
  const bool is_near = rollout != turns_.end() && rollout->second <= now + rollout_every / 2;
  if (is_other_due && is_near) rollout->second = std::min(rollout->second, now);
}

void Schedule::request(const std::string& check, MonotonicTime at) {
  const auto last = last_run_.find(check);
  const MonotonicTime earliest =
      last == last_run_.end() ? at : std::max(at, last->second + min_event_interval);
  const auto [request, is_first] = requests_.try_emplace(check, earliest);
  request->second = std::min(request->second, earliest);
}

std::vector<std::string> Schedule::names_of_run_checks() const {
  std::vector<std::string> names;
  for (const auto& [name, last] : last_run_) names.push_back(name);
  return names;
}

std::optional<MonotonicTime> Schedule::next(const std::set<std::string>& running) const {
  std::optional<MonotonicTime> earliest;
  for (const auto& times : {std::cref(turns_), std::cref(requests_), std::cref(delayed_)}) {
    for (const auto& [name, time] : times.get())
      if (!waiting_.contains(name) || !running.contains(name))
        earliest = std::min(earliest.value_or(time), time);
  }
  return earliest;
}

}  // namespace lastgood::guard
