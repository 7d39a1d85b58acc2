// Sentences about the result of a check, for the messages of the states and of the holds.
#pragma once

#include <string>
#include <vector>

#include "api/guard.hpp"

namespace lastgood::guard {

// ": 2 of 2 pods failed". Empty if the check has no message. A long message is clipped, so that the
// message of a guard and the note of an Event have room for what to do.
[[nodiscard]] std::string value_text(const api::CheckStatus& check);

// " (3 of 3 consecutive failures)". A count above the threshold is shown as the threshold. Empty
// for a check that one failure breaches.
[[nodiscard]] std::string failure_count(const api::CheckStatus& check);

// "check health is breached: 2 of 2 pods failed GET /health (3 of 3 consecutive failures)". If the
// last result is not a failure: "check health is breached, but its last result is Unknown (...)".
[[nodiscard]] std::string breach_text(const api::CheckStatus& check);

// "check rollout has no result (RegistryUnavailable): pod web-1, container app: ...". Requires that
// the last result is Unknown.
[[nodiscard]] std::string no_result_text(const api::CheckStatus& check);

// "health (NoPodsToProbe): no pod is ready, ready (TimedOut)": the checks that never passed, the
// first with its message.
[[nodiscard]] std::string checks_without_result(const std::vector<api::CheckStatus>& checks);

// ". Check rollout has no result (RegistryUnavailable): ...". Empty if the rollout check has a
// result, was not measured yet, or reports only how far the rollout is.
[[nodiscard]] std::string rollout_obstacle(const std::vector<api::CheckStatus>& checks);

// The text with an upper case first letter, as a sentence of its own.
[[nodiscard]] std::string as_sentence(std::string text);

}  // namespace lastgood::guard
