// A transport without TLS.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/transport.hpp"

namespace lastgood::net {

// `socket` must be connected.
[[nodiscard]] std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);

}  // namespace lastgood::net
