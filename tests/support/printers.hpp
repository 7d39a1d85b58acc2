// Prints values that tests compare, when an expectation fails. Catch2 finds each operator<< by
// argument-dependent lookup.
#pragma once

#include <ostream>

#include "api/guard.hpp"
#include "api/meta.hpp"
#include "api/reasons.hpp"
#include "api/rollback.hpp"

namespace lastgood::api {

inline std::ostream& operator<<(std::ostream& out, State state) { return out << to_string(state); }

inline std::ostream& operator<<(std::ostream& out, Reason reason) {
  return out << (reason == Reason::None ? "no reason" : to_string(reason));
}

inline std::ostream& operator<<(std::ostream& out, RevisionVerdict verdict) {
  return out << to_string(verdict);
}

inline std::ostream& operator<<(std::ostream& out, MeasurementResult result) {
  return out << to_string(result);
}

inline std::ostream& operator<<(std::ostream& out, RollbackPhase phase) {
  return out << to_string(phase);
}

inline std::ostream& operator<<(std::ostream& out, ConditionStatus status) {
  return out << to_string(status);
}

}  // namespace lastgood::api

namespace lastgood::testing {

// status.state and status.reason of a DeploymentGuard.
struct StateAndReason {
  api::State state = api::State::Idle;
  api::Reason reason = api::Reason::None;
  bool operator==(const StateAndReason&) const = default;
};

// Prints "Held AwaitingApproval".
inline std::ostream& operator<<(std::ostream& out, const StateAndReason& value) {
  return out << value.state << ' ' << value.reason;
}

constexpr StateAndReason idle(api::Reason reason) { return {api::State::Idle, reason}; }
constexpr StateAndReason evaluating(api::Reason reason) { return {api::State::Evaluating, reason}; }
constexpr StateAndReason held(api::Reason reason) { return {api::State::Held, reason}; }
constexpr StateAndReason rolling_back(api::Reason reason) {
  return {api::State::RollingBack, reason};
}
constexpr StateAndReason verifying(api::Reason reason) { return {api::State::Verifying, reason}; }
constexpr StateAndReason frozen(api::Reason reason) { return {api::State::Frozen, reason}; }

}  // namespace lastgood::testing
