// An Event about a Deployment, before it becomes an events.k8s.io/v1 object.
#pragma once

#include <cstdint>
#include <string>

#include "api/reasons.hpp"

namespace lastgood::api {

enum class EventType : std::uint8_t { Normal, Warning };
[[nodiscard]] const char* to_string(EventType type);

// The action of the controller that the Event reports.
enum class EventAction : std::uint8_t { None, Evaluate, Hold, Rollback, Freeze, Drill };
[[nodiscard]] const char* to_string(EventAction action);

struct EventRecord {
  EventType type = EventType::Normal;
  Reason reason = Reason::None;
  EventAction action = EventAction::None;
  std::string note;  // at most 1 KiB
  bool operator==(const EventRecord&) const = default;
};

}  // namespace lastgood::api
