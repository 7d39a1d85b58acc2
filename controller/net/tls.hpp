// TLS for outgoing connections: trusted authorities, the client certificate, and the handshake. At
// least TLS 1.2.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "api/call.hpp"
#include "base/result.hpp"
#include "net/deadline.hpp"
#include "net/failure.hpp"
#include "net/transport.hpp"

namespace lastgood::net {

class TlsContext {
 public:
  // ErrorKind::Tls if the authorities, the client certificate or its key cannot be used. The
  // message names the part that cannot be used. Reads the authorities of the system only once. Does
  // not use `server_name`: that belongs to a connection.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> from(const api::TlsSettings& settings);

  // Accepts every certificate, like kubelet's probes: a health check does not authenticate the pod.
  [[nodiscard]] static std::shared_ptr<TlsContext> without_verification();

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

 private:
  struct Impl;
  TlsContext();
  friend boost::asio::awaitable<NetResult<std::unique_ptr<Transport>>> tls_transport(
      boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsContext> context,
      std::string server_name, Deadline& deadline);
  std::unique_ptr<Impl> impl_;
};

// Does the TLS handshake on a connected socket. `server_name` is a DNS name or an IP address. The
// transport keeps the context alive.
boost::asio::awaitable<NetResult<std::unique_ptr<Transport>>> tls_transport(
    boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsContext> context,
    std::string server_name, Deadline& deadline);

}  // namespace lastgood::net
