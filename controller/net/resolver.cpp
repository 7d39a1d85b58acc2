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
constexpr std::size_t max_words = 128;

// What goes through the socket pair: one piece of fixed size, so that it is there as a whole or not at all.
struct Message {
  std::uint32_t count = 0;
  struct Address {
    std::uint32_t six = 0;
    std::uint32_t scope = 0;
    std::array<unsigned char, 16> bytes{};
  };
  std::array<Address, max_addresses> addresses{};
  std::array<char, max_words> words{};
};
static_assert(std::is_trivially_copyable_v<Message>);

Message pack(const LookupAnswer& answer) {
  Message message;
  for (const auto& address : answer.addresses) {
    if (message.count == max_addresses) break;
    auto& place = message.addresses[message.count++];
    place.six = address.is_v6() ? 1 : 0;
    if (address.is_v6()) {
      place.bytes = address.to_v6().to_bytes();
      place.scope = static_cast<std::uint32_t>(address.to_v6().scope_id());
    } else {
      std::ranges::copy(address.to_v4().to_bytes(), place.bytes.begin());
    }
  }
  std::strncpy(message.words.data(), answer.error.c_str(), max_words - 1);
  return message;
}

Addresses unpack(const Message& message) {
  Addresses addresses;
  for (std::size_t i = 0; i < std::min<std::size_t>(message.count, max_addresses); ++i) {
    const auto& place = message.addresses[i];
    if (place.six != 0) {
      addresses.emplace_back(asio::ip::address_v6(place.bytes, place.scope));
    } else {
      addresses.emplace_back(asio::ip::address_v4({place.bytes[0], place.bytes[1], place.bytes[2], place.bytes[3]}));
    }
  }
  return addresses;
}

void look_up_and_send(const Lookup& lookup, const std::string& name, int socket) {
  const Message message = pack(lookup(name));
  // Where nobody reads any more this fails, and that is all right.
  (void)::send(socket, &message, sizeof message, MSG_NOSIGNAL);
  ::close(socket);
}

}  // namespace

LookupAnswer system_lookup(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    return {.error = ::gai_strerror(error)};
  }
  LookupAnswer answer;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.resize(each->ai_addrlen);
    answer.addresses.push_back(endpoint.address());
  }
  ::freeaddrinfo(found);
  if (answer.addresses.empty()) answer.error = "no address";
  return answer;
}

// Reads only while somebody waits: a read left behind would keep the io_context running as long as getaddrinfo hangs.
struct Resolver::Pending : std::enable_shared_from_this<Pending> {
  explicit Pending(const asio::any_io_executor& executor) : socket(executor) {}

  asio::posix::stream_descriptor socket;
  Message message = {};
  std::weak_ptr<const int> thread = {};  // as long as it runs
  bool reading = false;
  bool done = false;
  bool answered = false;
  std::list<asio::steady_timer*> waiting = {};

  std::list<asio::steady_timer*>::iterator enter(asio::steady_timer& timer) {
    const auto place = waiting.insert(waiting.end(), &timer);
    if (!reading && !done) read();
    return place;
  }

  void leave(std::list<asio::steady_timer*>::iterator place) {
    waiting.erase(place);
    boost::system::error_code ignored;
    if (waiting.empty() && reading) socket.cancel(ignored);
  }

  // Nobody wants the answer, or everybody who did has it.
  [[nodiscard]] bool over() const { return done || (waiting.empty() && thread.expired()); }

 private:
  void read() {
    reading = true;
    socket.async_read_some(asio::buffer(&message, sizeof message),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
                             self->reading = false;
                             if (error == asio::error::operation_aborted) {
                               // Somebody may have come in the meantime.
                               if (!self->waiting.empty()) self->read();
                               return;
                             }
                             self->done = true;
                             self->answered = !error && bytes == sizeof self->message;
                             for (auto* timer : self->waiting) timer->cancel();
                           });
  }
};

Resolver::Resolver(asio::any_io_executor executor, Lookup lookup, std::size_t threads)
    : executor_(std::move(executor)), lookup_(std::move(lookup)), threads_(threads) {}

Resolver::~Resolver() {
  boost::system::error_code ignored;
  for (auto& [host, pending] : pending_) pending->socket.close(ignored);
}

NetResult<std::shared_ptr<Resolver::Pending>> Resolver::join(const std::string& host) {
  std::erase_if(pending_, [](const auto& entry) { return entry.second->over(); });
  if (const auto found = pending_.find(host); found != pending_.end()) return found->second;
  const auto unresolved = [](std::string words) {
    return std::unexpected(Failure{.trouble = Trouble::Unresolved, .detail = std::move(words)});
  };
  if (pending_.size() >= threads_) return unresolved(std::to_string(threads_) + " other names are still being looked up");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return unresolved(std::generic_category().message(errno));
  auto pending = std::make_shared<Pending>(executor_);
  pending->socket.assign(ends[0]);
  try {
    auto alive = std::make_shared<const int>(0);
    pending->thread = alive;
    std::thread([lookup = lookup_, host, socket = ends[1], kept = std::move(alive)] {
      look_up_and_send(lookup, host, socket);
    }).detach();
  } catch (const std::system_error& error) {
    ::close(ends[1]);
    return unresolved(error.what());
  }
  pending_.emplace(host, pending);
  return pending;
}

asio::awaitable<NetResult<Addresses>> Resolver::resolve(std::string host, Deadline& deadline) {
  boost::system::error_code error;
  if (const auto numeric = asio::ip::make_address(host, error); !error) co_return Addresses{numeric};
  if (host.empty() || host.size() > 253 || std::ranges::any_of(host, [](char c) { return c <= ' ' || c == 0x7f; })) {
    co_return std::unexpected(Failure{.trouble = Trouble::Unresolved, .detail = "not a host name"});
  }
  const auto joined = join(host);
  if (!joined) co_return std::unexpected(joined.error());
  const auto& pending = *joined;

  asio::steady_timer answer(executor_, asio::steady_timer::time_point::max());
  struct Place {
    Pending& pending;
    std::list<asio::steady_timer*>::iterator at;
    ~Place() { pending.leave(at); }
  } const place{*pending, pending->enter(answer)};
  {
    const auto watch = deadline.watch([&answer] { answer.cancel(); });
    // A deadline that is already over, cancels a wait that has not begun: it would be forgotten.
    if (!pending->done && !deadline.over()) co_await answer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  if (!pending->done) {
    const Failure failure = failure_of(asio::error::operation_aborted, deadline);
    if (failure.trouble == Trouble::Stopped) co_return std::unexpected(failure);
    co_return std::unexpected(Failure{.trouble = Trouble::Unresolved, .detail = "the name was not resolved in time"});
  }
  auto addresses = unpack(pending->message);
  if (!pending->answered || addresses.empty()) {
    const std::string words =
        pending->answered ? std::string(pending->message.words.data()) : "the lookup ended without an answer";
    co_return std::unexpected(Failure{.trouble = Trouble::Unresolved, .detail = words});
  }
  co_return addresses;
}

}  // namespace lastgood::net
