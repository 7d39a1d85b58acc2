// What we ask of a Kubernetes API server: one call, one answer; or one call and a stream of bytes.
// A call is plain data, so that pure code can plan it and a test can read it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::ports {

enum class Verb : std::uint8_t { Get, Post, Put, Patch, Delete };

inline constexpr std::string_view json_patch = "application/json-patch+json";    // RFC 6902
inline constexpr std::string_view merge_patch = "application/merge-patch+json";  // RFC 7386

struct ApiCall {
  Verb verb = Verb::Get;
  std::string
      target;  // path and query, already percent-encoded: "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood"
  std::string body;          // empty for GET and DELETE
  std::string content_type;  // of the body; empty means application/json

  bool operator==(const ApiCall&) const = default;
};

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
