#include "net/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <list>
#include <system_error>
#include <thread>
#include <utility>

namespace lastgood::net {
namespace asio = boost::asio;
namespace {

constexpr std::size_t max_addresses = 16;
constexpr std::size_t max_error = 128;

// The message on the socket pair. Its size is fixed, so that one read gets all of it.
struct Message {
  std::uint32_t count = 0;
  struct Address {
    std::uint32_t is_v6 = 0;
    std::uint32_t scope = 0;
    std::array<unsigned char, 16> bytes{};
  };
  std::array<Address, max_addresses> addresses{};
  std::array<char, max_error> error{};
};
static_assert(std::is_trivially_copyable_v<Message>);

Message pack(const LookupResult& result) {
  Message message;
  for (const auto& address : result.addresses) {
    if (message.count == max_addresses) break;
    auto& slot = message.addresses[message.count++];
    slot.is_v6 = address.is_v6() ? 1 : 0;
    if (address.is_v6()) {
      slot.bytes = address.to_v6().to_bytes();
      slot.scope = static_cast<std::uint32_t>(address.to_v6().scope_id());
    } else {
      std::ranges::copy(address.to_v4().to_bytes(), slot.bytes.begin());
    }
  }
  std::strncpy(message.error.data(), result.error.c_str(), max_error - 1);
  return message;
}

Addresses unpack(const Message& message) {
  Addresses addresses;
  for (std::size_t i = 0; i < std::min<std::size_t>(message.count, max_addresses); ++i) {
    const auto& slot = message.addresses[i];
    if (slot.is_v6 != 0) {
      addresses.emplace_back(asio::ip::address_v6(slot.bytes, slot.scope));
    } else {
      addresses.emplace_back(
          asio::ip::address_v4({slot.bytes[0], slot.bytes[1], slot.bytes[2], slot.bytes[3]}));
    }
  }
  return addresses;
}

void look_up_and_send(const Lookup& lookup, const std::string& name, int socket) {
  const Message message = pack(lookup(name));
  // Fails if the resolver was destroyed. Then the result is not needed.
  (void)::send(socket, &message, sizeof message, MSG_NOSIGNAL);
  ::close(socket);
}

}  // namespace

LookupResult system_lookup(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    return {.error = ::gai_strerror(error)};
  }
  LookupResult result;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.resize(each->ai_addrlen);
    result.addresses.push_back(endpoint.address());
  }
  ::freeaddrinfo(found);
  if (result.addresses.empty()) result.error = "no address";
  return result;
}

bool valid_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::ranges::none_of(host, [](unsigned char c) { return c <= ' ' || c >= 0x7f; });
}

// One lookup, and the callers that wait for its result. The socket is read only while a caller
// waits: a pending read would keep the io_context running until getaddrinfo() returns.
struct Resolver::Pending : std::enable_shared_from_this<Pending> {
  explicit Pending(const asio::any_io_executor& executor) : socket(executor) {}

  asio::posix::stream_descriptor socket;
  Message message = {};
  std::weak_ptr<const int> thread = {};  // expires when the thread ends
  bool reading = false;
  bool done = false;
  bool answered = false;  // a complete message was received
  std::list<asio::steady_timer*> waiting = {};

  std::list<asio::steady_timer*>::iterator enter(asio::steady_timer& timer) {
    const auto position = waiting.insert(waiting.end(), &timer);
    if (!reading && !done) read();
    return position;
  }

  void leave(std::list<asio::steady_timer*>::iterator position) {
    waiting.erase(position);
    boost::system::error_code ignored;
    if (waiting.empty() && reading) socket.cancel(ignored);
  }

  // True if the result was received, or if the thread has ended and no caller waits.
  [[nodiscard]] bool over() const { return done || (waiting.empty() && thread.expired()); }

 private:
  void read() {
    reading = true;
    socket.async_read_some(
        asio::buffer(&message, sizeof message),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
          self->reading = false;
          if (error == asio::error::operation_aborted) {
            // A new caller may have joined in the meantime.
            if (!self->waiting.empty()) self->read();
            return;
          }
          self->done = true;
          self->answered = !error && bytes == sizeof self->message;
          for (auto* timer : self->waiting) timer->cancel();
        });
  }
};

Resolver::Resolver(asio::any_io_executor executor, Lookup lookup, std::size_t max_lookups)
    : executor_(std::move(executor)), lookup_(std::move(lookup)), max_lookups_(max_lookups) {}

Resolver::~Resolver() {
  boost::system::error_code ignored;
  for (auto& [host, pending] : pending_) pending->socket.close(ignored);
}

NetResult<std::shared_ptr<Resolver::Pending>> Resolver::join_or_start(const std::string& host) {
  std::erase_if(pending_, [](const auto& entry) { return entry.second->over(); });
  if (const auto found = pending_.find(host); found != pending_.end()) return found->second;
  const auto lookup_failed = [](std::string detail) {
    return std::unexpected(
        Failure{.transport_error = TransportError::DNSLookupFailed, .detail = std::move(detail)});
  };
  if (pending_.size() >= max_lookups_)
    return lookup_failed("the limit of " + std::to_string(max_lookups_) +
                         " concurrent DNS lookups is reached");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return lookup_failed(std::generic_category().message(errno));
  auto pending = std::make_shared<Pending>(executor_);
  pending->socket.assign(ends[0]);
  try {
    auto alive = std::make_shared<const int>(0);
    pending->thread = alive;
    std::thread([lookup = lookup_, host, socket = ends[1], running = std::move(alive)] {
      look_up_and_send(lookup, host, socket);
    }).detach();
  } catch (const std::system_error& error) {
    ::close(ends[1]);
    return lookup_failed(error.what());
  }
  pending_.emplace(host, pending);
  return pending;
}

asio::awaitable<NetResult<Addresses>> Resolver::resolve(std::string host, Deadline& deadline) {
  if (!valid_host(host)) {
    co_return std::unexpected(Failure{.transport_error = TransportError::DNSLookupFailed,
                                      .detail = "not a valid host name"});
  }
  boost::system::error_code error;
  if (const auto numeric = asio::ip::make_address(host, error); !error)
    co_return Addresses{numeric};
  const auto joined = join_or_start(host);
  if (!joined) co_return std::unexpected(joined.error());
  const auto& pending = *joined;

  asio::steady_timer done(executor_, asio::steady_timer::time_point::max());
  struct WaitingEntry {
    Pending& pending;
    std::list<asio::steady_timer*>::iterator position;
    ~WaitingEntry() { pending.leave(position); }
  } const entry{*pending, pending->enter(done)};
  {
    const auto scope = deadline.abort_when_over([&done] { done.cancel(); });
    // If the deadline was over already, the timer was cancelled before the wait began. That has no
    // effect on a later wait, so do not wait.
    if (!pending->done && !deadline.over())
      co_await done.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  if (!pending->done) {
    const Failure failure = failure_of(asio::error::operation_aborted, deadline);
    if (failure.transport_error == TransportError::Stopped) co_return std::unexpected(failure);
    co_return std::unexpected(Failure{.transport_error = TransportError::DNSLookupFailed,
                                      .detail = "the DNS lookup timed out"});
  }
  auto addresses = unpack(pending->message);
  if (!pending->answered || addresses.empty()) {
    const std::string detail = pending->answered ? std::string(pending->message.error.data())
                                                 : "the DNS lookup ended without a result";
    co_return std::unexpected(
        Failure{.transport_error = TransportError::DNSLookupFailed, .detail = detail});
  }
  co_return addresses;
}

}  // namespace lastgood::net
