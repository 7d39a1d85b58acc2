// Names to addresses without any name delaying another. getaddrinfo blocks, and Asio gives all names one background
// thread, so that a single name whose server does not answer would hold up every other one. Here a name that is being
// looked up has a thread of its own, which shares nothing with us: it is given a copy of the name and one end of a socket
// pair, and writes the addresses there. Whoever does not wait any longer just leaves, and nothing here keeps an io_context
// running that nobody waits on.
// What remains: a thread ends only when getaddrinfo does (with an unanswering server some 10 to 60 s), and when `threads`
// names hang at once, further names are unresolved until one of them ends. Numeric addresses never need a thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/deadline.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

using Addresses = std::vector<boost::asio::ip::address>;

// Blocks. An empty list and words where there is no address.
struct LookupAnswer {
  Addresses addresses = {};
  std::string error;
};
using Lookup = std::function<LookupAnswer(const std::string& name)>;
[[nodiscard]] LookupAnswer system_lookup(const std::string& name);

class Resolver {
 public:
  explicit Resolver(boost::asio::any_io_executor executor, Lookup lookup = system_lookup, std::size_t threads = 64);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // Unresolved also where the deadline passes: that nobody said where to ask is not the fault of the one to be asked.
  boost::asio::awaitable<NetResult<Addresses>> resolve(std::string host, Deadline& deadline);

 private:
  struct Pending;
  NetResult<std::shared_ptr<Pending>> join(const std::string& host);

  boost::asio::any_io_executor executor_;
  Lookup lookup_;
  std::size_t threads_;
  std::map<std::string, std::shared_ptr<Pending>> pending_;
};

}  // namespace lastgood::net
