// Creates certificates while a test runs, and the server side of TLS.
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

struct CertificateSpec {
  std::string common_name = "test";
  std::vector<std::string> alternative_names = {};  // "DNS:web", "IP:127.0.0.1"
  bool authority = false;
  bool expired = false;
};

// Signed by `issuer`, or self-signed without one.
[[nodiscard]] Identity issue(const CertificateSpec& spec, const Identity* issuer = nullptr);

// `client_authority` is the PEM of the authority for client certificates. Empty: clients need none.
[[nodiscard]] Upgrade tls_server(const Identity& identity,
                                 const std::string& client_authority = "");

}  // namespace lastgood::wire
