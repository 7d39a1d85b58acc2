#include "simulation/history/event.hpp"

#include <fmt/format.h>

#include <random>
#include <sstream>

namespace lastgood::simulation {

using std::chrono::seconds;

namespace {

class Choices {
 public:
  explicit Choices(std::uint32_t seed) : random_(seed) {}

  // A number from `first` to `last`. Unlike std::uniform_int_distribution, the same with each
  // standard library.
  int between(int first, int last) {
    const auto count = static_cast<std::uint32_t>(last - first + 1);
    return first + static_cast<int>(random_() % count);
  }
  bool one_in(int count) { return between(1, count) == 1; }
  int flag() { return between(0, 1); }
  seconds time(int first, int last) { return seconds(between(first, last)); }
  std::uint32_t seed() { return static_cast<std::uint32_t>(random_()); }

 private:
  std::mt19937 random_;
};

HistoryEvent release(Choices& choices) {
  return {.kind = EventKind::Release,
          .value = choices.one_in(2) ? 0 : choices.between(1, 4),
          .time = choices.one_in(3) ? choices.time(20, 120) : seconds(1)};
}

HistoryEvent event_of_world(Choices& choices) {
  switch (choices.between(0, 9)) {
    case 0: return {.kind = EventKind::Outage, .value = choices.flag()};
    case 1: return {.kind = EventKind::Path, .value = choices.flag()};
    case 2: return {.kind = EventKind::Kill, .value = 0, .time = choices.time(0, 60)};
    case 3: return {.kind = EventKind::Scale, .value = choices.between(1, 4)};
    case 4: return {.kind = EventKind::Node, .value = choices.flag()};
    default: return release(choices);
  }
}

HistoryEvent event_of_user(Choices& choices) {
  switch (choices.between(0, 8)) {
    case 0: return {.kind = EventKind::Suspend, .value = choices.flag()};
    case 1: return {.kind = EventKind::OptOut, .value = choices.flag()};
    case 2: return {.kind = EventKind::Pause, .value = choices.flag()};
    case 3: return {.kind = EventKind::Recreate, .time = choices.time(0, 20)};
    case 4: return {.kind = EventKind::ManualRollback};
    default:
      return {.kind = EventKind::Race,
              .value = choices.between(0, user_actions - 1),
              .amount = choices.between(0, 8)};
  }
}

HistoryEvent event_of_controllers(Choices& choices) {
  switch (choices.between(0, 8)) {
    case 0: return {.kind = EventKind::Kill, .value = choices.flag(), .time = choices.time(0, 60)};
    case 1:
      return {.kind = EventKind::Terminate, .value = choices.flag(), .time = choices.time(3, 60)};
    case 2:
    case 3:
      return {.kind = EventKind::Freeze, .value = choices.flag(), .time = choices.time(3, 20)};
    case 4: return {.kind = EventKind::DeleteLease};
    case 5:
    case 6:
      return {.kind = EventKind::KillBeforeWrite,
              .value = choices.between(1, 14),
              .time = choices.time(0, 60)};
    default:
      return {.kind = EventKind::KillAfterWrite,
              .value = choices.between(1, 14),
              .time = choices.time(0, 60)};
  }
}

HistoryEvent event_of_api_server(Choices& choices) {
  switch (choices.between(0, 9)) {
    case 0:
    case 1:
    case 2:
      return {.kind = EventKind::Calls,
              .value = choices.between(0, static_cast<int>(call_faults.size()) - 1),
              .amount = choices.one_in(3) ? 100 : choices.between(1, 60),
              .time = choices.time(1, 90)};
    case 3:
    case 4:
    case 5:
      return {.kind = EventKind::Events,
              .value = choices.between(0, static_cast<int>(event_faults.size()) - 1),
              .amount = choices.between(1, 50),
              .time = choices.time(1, 90)};
    case 6: return {.kind = EventKind::Close};
    case 7: return {.kind = EventKind::Compact};
    case 8:
      return {.kind = EventKind::Stall,
              .value = choices.between(0, static_cast<int>(stalled_kinds.size()) - 1),
              .time = choices.time(5, 120)};
    default:
      return {.kind = EventKind::Newer,
              .value = choices.between(0, static_cast<int>(newer_fields.size()) - 1),
              .time = choices.time(5, 60)};
  }
}

const char* text_of(Defect defect) {
  switch (defect) {
    case Defect::None: return "healthy";
    case Defect::Returns503: return "returns 503";
    case Defect::Hangs: return "never responds";
    case Defect::Crashes: return "crashes";
    case Defect::NeverReady: return "is never ready";
  }
  return "?";
}

const char* text_of(UserAction action) {
  switch (action) {
    case UserAction::ShipGood: return "releases a healthy image";
    case UserAction::ShipBad: return "releases an image that returns 503";
    case UserAction::Scale: return "scales";
    case UserAction::OptOut: return "opts out";
    case UserAction::Pause: return "pauses the Deployment";
    case UserAction::Annotate: return "annotates the Deployment";
    case UserAction::Suspend: return "suspends the policy";
    case UserAction::DeleteRollback: return "deletes the Rollback";
  }
  return "?";
}

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string describe_world(const HistoryEvent& event) {
  const bool on = event.value != 0;
  switch (event.kind) {
    case EventKind::Release:
      return fmt::format("release: {}, starts in {} s", text_of(static_cast<Defect>(event.value)),
                         event.time / seconds(1));
    case EventKind::Outage: return on ? "outage of all images" : "the outage ends";
    case EventKind::Path: return on ? "the policy gets a wrong path" : "the path is right again";
    case EventKind::Scale: return fmt::format("a user scales to {}", event.value);
    case EventKind::Node: return on ? "node-2 dies" : "node-2 returns";
    case EventKind::Suspend: return on ? "the policy is suspended" : "the policy is active";
    case EventKind::OptOut: return on ? "a user opts out" : "a user opts in";
    case EventKind::Pause: return on ? "a user pauses the Deployment" : "a user ends the pause";
    case EventKind::Recreate:
      return fmt::format("a user deletes the Deployment, and creates it again {} s later",
                         event.time / seconds(1));
    case EventKind::ManualRollback: return "a user creates a Rollback";
    default:
      return fmt::format("{} calls after the next record, a user {}", event.amount,
                         text_of(static_cast<UserAction>(event.value)));
  }
}

}  // namespace

std::vector<HistoryEvent> generate_history(std::uint32_t seed) {
  Choices choices(seed);
  const bool has_faults = seed % 3 != 0;
  const int count = (has_faults ? 4 : 2) + choices.between(0, has_faults ? 12 : 7);
  std::vector<HistoryEvent> events;
  for (int i = 0; i < count; ++i) {
    const seconds wait = choices.time(1, choices.one_in(3) ? 300 : 40);
    const int source = has_faults ? choices.between(0, 9) : 0;
    HistoryEvent event = source < 4   ? event_of_world(choices)
                         : source < 6 ? event_of_user(choices)
                         : source < 8 ? event_of_controllers(choices)
                                      : event_of_api_server(choices);
    event.wait = wait;
    event.seed = choices.seed();
    events.push_back(event);
  }
  return events;
}

std::string describe(const HistoryEvent& event) {
  const std::string who = event.value == 0 ? "the leader" : "the standby";
  const auto time = event.time / seconds(1);
  const auto index = static_cast<std::size_t>(event.value);
  switch (event.kind) {
    case EventKind::KillBeforeWrite:
      return fmt::format("a controller is killed before write {}, and starts {} s later",
                         event.value, time);
    case EventKind::KillAfterWrite:
      return fmt::format("a controller is killed after write {}, and starts {} s later",
                         event.value, time);
    case EventKind::Kill: return fmt::format("{} is killed, and starts {} s later", who, time);
    case EventKind::Terminate:
      return fmt::format("{} gets SIGTERM, and starts {} s later", who, time);
    case EventKind::Freeze: return fmt::format("{} is frozen for {} s", who, time);
    case EventKind::DeleteLease: return "the Lease is deleted";
    case EventKind::Clock:
      return fmt::format("the clock of the leader is wrong by {} minutes", event.value);
    case EventKind::Calls:
      return fmt::format("{}% of the calls meet {} for {} s", event.amount,
                         printed(call_faults.at(index)), time);
    case EventKind::Events:
      return fmt::format("{}% of the watch events: each {}, for {} s", event.amount,
                         printed(event_faults.at(index)), time);
    case EventKind::Close: return "all watches close";
    case EventKind::Compact: return "all watches close, and their versions expire";
    case EventKind::Stall:
      return fmt::format("the watches of {} are silent for {} s", stalled_kinds.at(index), time);
    case EventKind::Restore:
      return fmt::format("etcd is restored: the last {} events did not happen", event.value);
    case EventKind::Newer:
      return fmt::format("{}{} has a value of a newer version for {} s",
                         newer_fields.at(index).plural, newer_fields.at(index).pointer, time);
    default: return describe_world(event);
  }
}

}  // namespace lastgood::simulation
