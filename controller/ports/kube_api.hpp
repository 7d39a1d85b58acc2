// The port for a Kubernetes API server: one request with one response, or with a stream of bytes.
// https://kubernetes.io/docs/reference/using-api/api-concepts/
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::ports {

using api::ApiCall;
using api::json_patch;
using api::merge_patch;
using api::Verb;

// The body of a 2xx response, and the texts of its Warning headers.
struct ResponseWithWarnings {
  std::string body;
  std::vector<std::string> warnings;
};

class KubeApi {
 public:
  virtual ~KubeApi() = default;

  // Returns the body of a 2xx response. For any other status it returns an Error: its kind follows
  // from the status and the reason of metav1.Status, its message is the server's. `timeout` bounds
  // the whole exchange, and the body is bounded to 64 MiB.
  //
  // A write is not retried if a byte of it may have been sent: the server may have done it. Read
  // the object before you write again.
  virtual boost::asio::awaitable<Result<std::string>> call(ApiCall call, Duration timeout) = 0;

  // The same as call(), and returns the warnings of the server too.
  virtual boost::asio::awaitable<Result<ResponseWithWarnings>> call_with_warnings(
      ApiCall call, Duration timeout) = 0;

  // Calls `on_bytes` with each piece of the body of a 200 response as it arrives, and with an empty
  // piece as soon as the response has begun. A piece can end anywhere. Returns success when the
  // server ends the body or `on_bytes` returns false. Returns an Error for any other status, for a
  // broken connection, and after `idle_timeout` without a byte.
  virtual boost::asio::awaitable<Result<void>> stream(
      ApiCall call, Duration idle_timeout, std::function<bool(std::string_view)> on_bytes) = 0;
};

}  // namespace lastgood::ports
