// Implements the reads and writes of a Transport for any stream type of Asio, with or without TLS.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <span>
#include <string_view>

#include "net/transport.hpp"

namespace lastgood::net {

template <class Stream>
boost::asio::awaitable<Transferred> read_some_of(Stream& stream, std::span<char> into) {
  Transferred done;
  done.bytes = co_await stream.async_read_some(
      boost::asio::buffer(into.data(), into.size()),
      boost::asio::redirect_error(boost::asio::use_awaitable, done.error));
  co_return done;
}

template <class Stream>
boost::asio::awaitable<Transferred> write_all_to(Stream& stream, std::string_view all) {
  Transferred done;
  done.bytes = co_await boost::asio::async_write(
      stream, boost::asio::buffer(all.data(), all.size()),
      boost::asio::redirect_error(boost::asio::use_awaitable, done.error));
  co_return done;
}

}  // namespace lastgood::net
