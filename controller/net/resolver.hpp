// Resolves host names. A name whose DNS server does not respond delays no other name.
//
// getaddrinfo() blocks, and Asio runs all lookups on one background thread. Here each lookup has a
// thread of its own. The thread shares nothing with the resolver: it gets a copy of the name and
// one end of a socket pair, and writes the addresses there. A caller can stop waiting at any time,
// and a lookup without a caller does not keep the io_context running.
//
// Limits: a thread ends only when getaddrinfo() returns, which takes 10 to 60 s if the DNS server
// does not respond. While `threads` lookups run, every further name fails. IP addresses need no
// thread.
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

struct LookupResult {
  Addresses addresses = {};
  std::string error;  // set if there is no address
};

// Runs on a thread of its own and may block.
using Lookup = std::function<LookupResult(const std::string& name)>;

// getaddrinfo() for IPv4 and IPv6.
[[nodiscard]] LookupResult system_lookup(const std::string& name);

class Resolver {
 public:
  explicit Resolver(boost::asio::any_io_executor executor, Lookup lookup = system_lookup,
                    std::size_t threads = 64);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // Fails with DNSLookupFailed, also when the deadline expires: the peer is not to blame for a slow
  // lookup. Fails with Stopped when the deadline is stopped.
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
