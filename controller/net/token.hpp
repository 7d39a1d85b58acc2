// Bearer tokens: those that the controller sends to the API server, and those that clients send to
// the controller. A token is fixed, or in a file that kubelet rotates.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::net {

class TokenSource {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // With an empty `file`, the token is always `token`, which may be empty too. Otherwise the file
  // is read again when the last read is older than `reread_interval`.
  TokenSource(std::string token, std::string file, Duration reread_interval);

  // The token to send. Empty if no token is configured. If the file can no longer be read, returns
  // the last token that was not rejected. BadInput if there is no last token.
  [[nodiscard]] Result<std::string> current(TimePoint now);

  // Call if the server rejected `token` with 401. The next current() reads the file again. Returns
  // false without a file: then the token cannot change.
  bool reject(const std::string& token);

 private:
  std::string token_;
  std::string file_;
  Duration reread_interval_;
  bool fresh_ = false;
  TimePoint read_at_ = {};
};

// The Authorization header is "Bearer TOKEN". The time of the comparison does not depend on which
// bytes differ. False for an empty token.
[[nodiscard]] bool has_bearer_token(std::string_view authorization, std::string_view token);

}  // namespace lastgood::net
