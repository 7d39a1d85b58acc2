// One health question to one address, and every way it can be answered.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/call.hpp"

namespace lastgood::ports {

using api::HttpAnswer;
using api::HttpOutcome;
using api::HttpQuestion;

class Prober {
 public:
  virtual ~Prober() = default;

  // Never throws but on cancellation, never follows a redirect, never reads more than 64 KiB of headers, and no body.
  virtual boost::asio::awaitable<HttpAnswer> ask(HttpQuestion question) = 0;
};

}  // namespace lastgood::ports
