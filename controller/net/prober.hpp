// Implements the port Prober over HTTP/1.1, with or without TLS. Each probe has its own connection,
// so an endpoint that hangs or sends without end delays no other probe.
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

  boost::asio::awaitable<ports::ProbeResponse> probe(ports::ProbeRequest request) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::net
