#include "net/probe_outcome.hpp"

#include "base/text.hpp"

namespace lastgood::net {
using api::ProbeOutcome;

ProbeOutcome outcome_of(TransportError transport_error) {
  switch (transport_error) {
    case TransportError::DNSLookupFailed: return ProbeOutcome::DNSLookupFailed;
    case TransportError::Unreachable: return ProbeOutcome::Unreachable;
    case TransportError::ConnectionRefused:
    case TransportError::ConnectionReset: return ProbeOutcome::ConnectionRefused;
    case TransportError::TimedOut: return ProbeOutcome::TimedOut;
    case TransportError::ConnectionClosed:
    case TransportError::Stopped: return ProbeOutcome::ConnectionClosed;
    case TransportError::Tls:
    case TransportError::TooLarge:
    case TransportError::InvalidMessage: return ProbeOutcome::InvalidResponse;
  }
  return ProbeOutcome::InvalidResponse;
}

std::string detail_of(const Failure& failure) {
  constexpr std::size_t max_bytes = 200;
  return clip(failure.detail, max_bytes);
}

}  // namespace lastgood::net
