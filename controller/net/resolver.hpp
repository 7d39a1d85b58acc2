// Resolves host names. A name whose DNS server does not respond delays no other name.
//
// getaddrinfo() blocks, and Asio runs all lookups on one background thread. Here each lookup has
// its own thread. The thread shares nothing with the resolver: it gets a copy of the name and one
// end of a socket pair, and writes the addresses there. A caller can stop waiting at any time, and
// a lookup without a caller does not keep the io_context running.
//
// Limits: a thread ends only when getaddrinfo() returns, which takes 10 to 60 s if the DNS server
// does not respond. While `max_lookups` lookups run, the lookup of any other name fails. IP
// addresses need no thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/deadline.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

using Addresses = std::vector<boost::asio::ip::address>;

struct LookupResult {
  Addresses addresses = {};
  std::string error;  // set if there is no address
};

// Runs on its own thread, and may block.
using Lookup = std::function<LookupResult(const std::string& name)>;

// getaddrinfo() for IPv4 and IPv6.
[[nodiscard]] LookupResult system_lookup(const std::string& name);

// True if the text has 1 to 253 visible ASCII characters. Any other character is in no host name,
// and a line break in the zone of an IPv6 address ("fe80::1%eth0") would end the Host header.
[[nodiscard]] bool valid_host(std::string_view host);

class Resolver {
 public:
  explicit Resolver(boost::asio::any_io_executor executor, Lookup lookup = system_lookup,
                    std::size_t max_lookups = 64);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // Fails with DNSLookupFailed, also if the deadline expires: a slow lookup is not a failure of the
  // host. Fails with Stopped if the deadline was aborted.
  boost::asio::awaitable<NetResult<Addresses>> resolve(std::string host, Deadline& deadline);

 private:
  struct Pending;
  // The running lookup of the host. Starts the lookup if it is not running.
  NetResult<std::shared_ptr<Pending>> join_or_start(const std::string& host);

  boost::asio::any_io_executor executor_;
  Lookup lookup_;
  std::size_t max_lookups_;
  std::map<std::string, std::shared_ptr<Pending>> pending_;
};

}  // namespace lastgood::net
