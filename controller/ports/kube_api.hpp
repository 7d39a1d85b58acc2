// What we ask of a Kubernetes API server: one call, one answer; or one call and a stream of bytes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::ports {

using api::ApiCall;
using api::json_patch;
using api::merge_patch;
using api::Verb;

class KubeApi {
 public:
  virtual ~KubeApi() = default;

  // The body of a 2xx answer. Any other status is an Error whose kind is by status and metav1.Status reason, and whose
  // message is the server's. Bounded: `timeout` for the whole exchange, 64 MiB of body.
  // A lost connection is never retried here once a byte of a write may have been sent: the caller must read first.
  virtual boost::asio::awaitable<Result<std::string>> call(ApiCall call, Duration timeout) = 0;

  // Hands each piece of a 200 answer's body to `on_bytes` as it arrives; the pieces split anywhere. Returns when the
  // server ends the body (a value), or an Error: another status, `idle_timeout` without a byte, a broken connection.
  // on_bytes returning false ends the stream as a value.
  virtual boost::asio::awaitable<Result<void>> stream(ApiCall call, Duration idle_timeout,
                                                      std::function<bool(std::string_view)> on_bytes) = 0;
};

}  // namespace lastgood::ports
