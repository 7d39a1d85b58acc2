#include "net/plain.hpp"

#include <utility>

#include "net/stream.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<Transferred> read_some(std::span<char> into) override {
    return read_some_of(socket_, into);
  }
  asio::awaitable<Transferred> write(std::string_view all) override {
    return write_all_to(socket_, all);
  }

  tcp::socket& socket() override { return socket_; }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace lastgood::net
