// Creates each TLS context once, because a context holds its certificates in memory. To load the
// certificates of the system takes some milliseconds and a megabyte.
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
  // Stores at most `limit` contexts. Above the limit, the context that was not used for the longest
  // time is removed. A removed context lives until its last connection is closed.
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
