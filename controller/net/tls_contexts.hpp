// Creates each TLS context once, because each holds its certificates in memory: those of the system
// take some milliseconds and a megabyte.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "api/call.hpp"
#include "base/result.hpp"
#include "net/tls.hpp"

namespace lastgood::net {

class TlsContexts {
 public:
  // Stores at most `limit` contexts. Above it, the context that was not used for the longest time
  // is removed. It lives until its last connection is closed.
  explicit TlsContexts(std::size_t limit) : limit_(limit) {}

  // The context for these settings. Ignores their `server_name`: it belongs to a connection. Fails
  // like TlsContext::from(). A failure is not stored.
  [[nodiscard]] Result<std::shared_ptr<TlsContext>> get(api::TlsSettings settings);

 private:
  struct Entry {
    api::TlsSettings settings;
    std::shared_ptr<TlsContext> context;
  };
  std::size_t limit_;
  std::list<Entry> entries_;  // the context that was used last is at the beginning
};

}  // namespace lastgood::net
