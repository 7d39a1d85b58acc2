#include "checks/no_response.hpp"

#include <fmt/format.h>

#include "base/time.hpp"

namespace lastgood::checks {

using api::ProbeOutcome;
using api::Reason;

Reason reason_of(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::Answered: return Reason::None;
    case ProbeOutcome::ConnectionRefused: return Reason::ConnectionRefused;
    case ProbeOutcome::TimedOut: return Reason::TimedOut;
    case ProbeOutcome::ConnectionClosed: return Reason::ConnectionClosed;
    case ProbeOutcome::InvalidResponse: return Reason::InvalidResponse;
    case ProbeOutcome::DNSLookupFailed: return Reason::DNSLookupFailed;
    case ProbeOutcome::Unreachable: return Reason::Unreachable;
  }
  return Reason::Unreachable;
}

std::string no_response_text(const api::HttpResponse& response) {
  switch (response.outcome) {
    case ProbeOutcome::Answered: return "";
    case ProbeOutcome::ConnectionRefused: return "refused or reset the connection";
    case ProbeOutcome::TimedOut:
      return fmt::format("sent no complete response within {}", format_duration(response.took));
    case ProbeOutcome::ConnectionClosed:
      return "closed the connection before the response was complete";
    case ProbeOutcome::InvalidResponse: return "returned no valid HTTP response";
    case ProbeOutcome::DNSLookupFailed: return "has a host name that does not resolve";
    case ProbeOutcome::Unreachable: return "cannot be reached";
  }
  return "cannot be reached";
}

}  // namespace lastgood::checks
