// The port for HTTP health checks: one GET request to one address.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/call.hpp"

namespace lastgood::ports {

using api::ProbeOutcome;
using api::ProbeRequest;
using api::ProbeResponse;

class Prober {
 public:
  virtual ~Prober() = default;

  // Every failure is a ProbeOutcome in the response. Throws only if the coroutine is cancelled:
  // boost::system::system_error(operation_aborted). Follows no redirect, reads at most 64 KiB of
  // headers, and reads no body.
  virtual boost::asio::awaitable<ProbeResponse> probe(ProbeRequest request) = 0;
};

}  // namespace lastgood::ports
