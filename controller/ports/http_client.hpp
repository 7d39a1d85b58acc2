// The port for requests whose response body is read: metrics servers, and the metrics of pods.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/call.hpp"

namespace lastgood::ports {

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Every failure is a ProbeOutcome in the response. Throws only if the coroutine is cancelled:
  // boost::system::system_error(operation_aborted). Follows no redirect, reads at most 64 KiB of
  // headers and `max_body_bytes` of the body.
  virtual boost::asio::awaitable<api::HttpResponse> call(api::HttpCall call) = 0;
};

}  // namespace lastgood::ports
