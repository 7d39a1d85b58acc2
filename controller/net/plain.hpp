// Plain transports, without TLS.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/transport.hpp"

namespace lastgood::net {

// For a connected socket.
[[nodiscard]] std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);

}  // namespace lastgood::net
