// Why a call has no complete HTTP response.
#pragma once

#include <string>

#include "api/call.hpp"
#include "api/reasons.hpp"

namespace lastgood::checks {

// None for Answered.
[[nodiscard]] api::Reason reason_of(api::ProbeOutcome outcome);

// The words after the name of the server in a message: "refused or reset the connection", "sent no
// complete response within 5s". Empty for Answered.
[[nodiscard]] std::string no_response_text(const api::HttpResponse& response);

}  // namespace lastgood::checks
