// Translates the failure of an exchange into the outcome of a health probe or of an HttpCall.
#pragma once

#include <cstddef>
#include <string>

#include "api/call.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

// The limit that the ports Prober and HttpClient state.
inline constexpr std::size_t max_response_header_bytes = std::size_t{64} * 1024;

[[nodiscard]] api::ProbeOutcome outcome_of(TransportError transport_error);

// The detail of the failure, at most 200 bytes.
[[nodiscard]] std::string detail_of(const Failure& failure);

}  // namespace lastgood::net
