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
  bool authority = false;                           // may sign other certificates
  bool expired = false;
};

// Creates a key and a certificate. `issuer` signs the certificate; null: it is self-signed.
[[nodiscard]] Identity issue(const CertificateSpec& spec, const Identity* issuer = nullptr);

// The server side of the TLS handshake. A client must have a certificate that `client_authority`
// (PEM) has signed. If `client_authority` is empty, a client needs no certificate.
[[nodiscard]] ServerHandshake tls_server(const Identity& identity,
                                         const std::string& client_authority = "");

}  // namespace lastgood::wire
