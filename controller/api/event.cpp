#include "api/event.hpp"

namespace lastgood::api {

const char* to_string(EventType type) { return type == EventType::Warning ? "Warning" : "Normal"; }

const char* to_string(EventAction action) {
  switch (action) {
    case EventAction::None: return "None";
    case EventAction::Evaluate: return "Evaluate";
    case EventAction::Hold: return "Hold";
    case EventAction::Rollback: return "Rollback";
    case EventAction::Freeze: return "Freeze";
    case EventAction::Drill: return "Drill";
  }
  return "None";
}

}  // namespace lastgood::api
