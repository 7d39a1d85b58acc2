// The bearer token: one that never changes, or a file that somebody rotates.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::net {

class TokenSource {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  TokenSource(std::string token, std::string file, Duration lifetime);

  // Empty where there is no token at all. Reads the file when the last reading is older than the lifetime; where it can no
  // longer be read the last token is kept in use, and BadInput is returned only where there is none.
  [[nodiscard]] Result<std::string> current(Instant now);

  // The server does not take `refused`: the next current() reads the file. False where that cannot bring another.
  bool refuse(const std::string& refused);

 private:
  std::string token_;
  std::string file_;
  Duration lifetime_;
  bool fresh_ = false;
  Instant read_at_ = {};
};

}  // namespace lastgood::net
