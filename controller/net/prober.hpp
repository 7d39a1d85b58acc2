// The port Prober over HTTP/1.1, plain or TLS: one connection a question, nothing shared between questions, so that an
// endpoint that hangs or floods costs its own timeout and delays nobody.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "ports/prober.hpp"

namespace lastgood::net {

class HttpProber final : public ports::Prober {
 public:
  explicit HttpProber(boost::asio::any_io_executor executor);
  ~HttpProber() override;

  boost::asio::awaitable<ports::HttpAnswer> ask(ports::HttpQuestion question) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::net
