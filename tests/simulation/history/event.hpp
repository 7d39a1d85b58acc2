// The events of a random history: releases, faults and actions of users. A seed gives the same
// events again.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "simulation/fake/api_client.hpp"

namespace lastgood::simulation {

enum class Defect : std::uint8_t { None, Returns503, Hangs, Crashes, NeverReady };

enum class EventKind : std::uint8_t {
  // The world. `value` says what happens.
  Release,  // `value` is a Defect; `time` is how long a pod starts
  Outage,   // 1: a dependency of all images fails; 0: it works again
  Path,     // 1: the policy gets a wrong path; 0: the right one
  Scale,    // to `value` replicas
  Node,     // 1: node-2 dies; 0: it returns
  // Users. From here on, an event in an outage may make the outage undetectable.
  Suspend,         // 1: the policy is suspended; 0: it is active again
  OptOut,          // 1: the Deployment is opted out; 0: it is opted in again
  Pause,           // 1: the Deployment is paused; 0: it continues
  Recreate,        // the Deployment is deleted, and created again after `time`
  ManualRollback,  // a user creates a Rollback
  Race,            // a user acts `amount` calls after the next Rollback is recorded: a UserAction
  // Controllers.
  KillBeforeWrite,  // the controller that makes write `value` from now is killed before it arrives
  KillAfterWrite,   // ... after the server has handled it
  Kill,             // the leader is killed at once; 1: the standby
  Terminate,        // SIGTERM for the leader; 1: for the standby
  Freeze,           // the leader is suspended for `time`; 1: the standby
  DeleteLease,
  Clock,  // the clock of the leader is `value` minutes ahead or, if negative, behind
  // The API server.
  Calls,    // for `time`, `amount` percent of the calls meet the Fault `value`
  Events,   // for `time`, `amount` percent of the events of watches meet the EventFault `value`
  Close,    // all watches close
  Compact,  // all watches close, and their versions are expired
  Stall,    // for `time`, the watches of the kind `value` are silent
  Restore,  // the state before the last `value` events is restored from a backup of etcd
  Newer,    // for `time`, the field `value` has a value that only a newer version knows
};

// The action of the user in EventKind::Race.
enum class UserAction : std::uint8_t {
  ShipGood,
  ShipBad,
  Scale,
  OptOut,
  Pause,
  Annotate,
  Suspend,
  DeleteRollback,
};
inline constexpr int user_actions = 8;

struct HistoryEvent {
  Duration wait{0};  // after the event before
  EventKind kind = EventKind::Release;
  int value = 0;
  int amount = 0;
  Duration time{0};
  std::uint32_t seed = 0;  // of the random choices while the event lasts
};

// A field that EventKind::Newer changes, of the guard or of the newest Rollback.
struct NewerField {
  const char* plural;
  const char* pointer;
};
inline constexpr std::array newer_fields{NewerField{"deploymentguards", "/status/state"},
                                         NewerField{"deploymentguards", "/status/current/verdict"},
                                         NewerField{"rollbacks", "/status/phase"},
                                         NewerField{"rollbacks", "/spec/mode"}};

// The kinds whose watches EventKind::Stall silences.
inline constexpr std::array stalled_kinds{"deployments", "deploymentguards", "rollbacks",
                                          "rollbackpolicies", "pods"};

// The faults of EventKind::Calls.
inline constexpr std::array call_faults{
    Fault::LoseCall,      Fault::LoseResponse,    Fault::SlowResponse,  Fault::Hang,
    Fault::LateExecution, Fault::Conflict,        Fault::Unprocessable, Fault::AdmissionDenied,
    Fault::Unavailable,   Fault::TooManyRequests, Fault::InternalError};

inline constexpr std::array event_faults{EventFault::Drop, EventFault::Duplicate, EventFault::Delay,
                                         EventFault::Reorder};

// The events of a history. Every third seed has no faults of controllers and of the API server.
[[nodiscard]] std::vector<HistoryEvent> generate_history(std::uint32_t seed);

// One line, without the time: "v3 is released: returns 503".
[[nodiscard]] std::string describe(const HistoryEvent& event);

}  // namespace lastgood::simulation
