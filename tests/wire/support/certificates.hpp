// Certificates made while the test runs, and the server's side of TLS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

struct Wish {
  std::string common_name = "test";
  std::vector<std::string> alternative = {};  // "DNS:web", "IP:127.0.0.1"
  bool authority = false;
  bool expired = false;
};

// Signed by `issuer`, or by itself where there is none.
[[nodiscard]] Identity issue(const Wish& wish, const Identity* issuer = nullptr);

// `client_authority`: the PEM of whom clients must be certified by; empty: they are not asked.
[[nodiscard]] Upgrade tls_server(const Identity& identity, const std::string& client_authority = "");

}  // namespace lastgood::wire
