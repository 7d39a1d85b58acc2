// TLS for connections that we open: whom to trust, who we are, and the handshake.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "net/deadline.hpp"
#include "net/failure.hpp"
#include "net/kubeconfig.hpp"
#include "net/transport.hpp"

namespace lastgood::net {

class TlsContext {
 public:
  // Tls, naming the field, where the authorities, the certificate or its key cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<TlsContext>> from(const Credentials& credentials);

  // Believes every certificate: for health checks, which ask whether somebody answers, not who.
  [[nodiscard]] static std::unique_ptr<TlsContext> trusting();

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

 private:
  struct Impl;
  TlsContext();
  friend boost::asio::awaitable<NetResult<std::unique_ptr<Transport>>> tls_transport(boost::asio::ip::tcp::socket socket,
                                                                                     TlsContext& context, std::string server_name,
                                                                                     Deadline& deadline);
  std::unique_ptr<Impl> impl_;
};

// Shakes hands over a connected socket. `server_name` is a DNS name or an address.
boost::asio::awaitable<NetResult<std::unique_ptr<Transport>>> tls_transport(boost::asio::ip::tcp::socket socket,
                                                                            TlsContext& context, std::string server_name,
                                                                            Deadline& deadline);

}  // namespace lastgood::net
