#include "net/prober.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "net/http_message.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/transport.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using ports::HttpAnswer;
using ports::HttpOutcome;
using ports::HttpQuestion;
using std::chrono::steady_clock;
namespace {

constexpr std::size_t max_detail = 200;
constexpr std::size_t max_headers = std::size_t{64} * 1024;

HttpOutcome outcome_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::Unresolved: return HttpOutcome::Unresolved;
    case Trouble::Unreachable: return HttpOutcome::Unreachable;
    case Trouble::Refused:
    case Trouble::Reset: return HttpOutcome::Refused;
    case Trouble::TimedOut: return HttpOutcome::TimedOut;
    case Trouble::Closed:
    case Trouble::Stopped: return HttpOutcome::Closed;
    case Trouble::Tls:
    case Trouble::TooLarge:
    case Trouble::Malformed: return HttpOutcome::Malformed;
  }
  return HttpOutcome::Malformed;
}

std::string host_header(const HttpQuestion& question) {
  if (!question.host_header.empty()) return question.host_header;
  const std::uint16_t usual = question.tls ? 443 : 80;
  const std::string whole = authority(question.host, question.port);
  return question.port == usual ? whole.substr(0, whole.rfind(':')) : whole;
}

}  // namespace

class HttpProber::Impl {
 public:
  explicit Impl(const asio::any_io_executor& executor) : executor_(executor), resolver_(executor) {}

  asio::awaitable<NetResult<int>> status_of(const HttpQuestion& question) {
    Deadline deadline(executor_, question.timeout);
    Target target{.host = question.host, .port = question.port};
    if (question.tls) target.tls = &trusting();
    auto opened = co_await open_transport(executor_, resolver_, std::move(target), deadline);
    if (!opened) co_return std::unexpected(opened.error());
    const auto transport = *std::move(opened);

    const std::string host = host_header(question);
    const std::string text =
        to_text({.method = "GET", .target = question.target, .host = host, .user_agent = user_agent, .close = true});
    const auto written = co_await write_under(*transport, text, deadline);
    if (written.failure && !written.any) co_return std::unexpected(*written.failure);

    const MessageLimits limits{.header_bytes = max_headers, .body_bytes = {}, .read_bytes = 4096};
    ResponseReader reader(limits, [](const ResponseHead&, std::string_view) { return false; });
    while (!reader.has_head()) {
      const auto bytes = co_await read_under(*transport, reader.space(), deadline);
      if (!bytes) co_return std::unexpected(bytes.error());
      const auto step = reader.received(*bytes);
      if (!step && !reader.has_head()) co_return std::unexpected(step.error());
    }
    co_return reader.head().status;
  }

 private:
  // Made when it is first needed: most health checks are plain.
  TlsContext& trusting() {
    if (!trusting_) trusting_ = TlsContext::trusting();
    return *trusting_;
  }

  asio::any_io_executor executor_;
  Resolver resolver_;
  std::unique_ptr<TlsContext> trusting_;
};

HttpProber::HttpProber(asio::any_io_executor executor) : impl_(std::make_unique<Impl>(std::move(executor))) {}

HttpProber::~HttpProber() = default;

asio::awaitable<HttpAnswer> HttpProber::ask(HttpQuestion question) {
  const auto started = steady_clock::now();
  HttpAnswer answer;
  if (!valid_target(question.target) || !valid_header_value(question.host_header) || question.port == 0) {
    // Nobody was asked, so nobody has failed to answer.
    answer.outcome = HttpOutcome::Unreachable;
    answer.detail = "the question is not one that HTTP can carry";
    co_return answer;
  }
  const auto status = co_await impl_->status_of(question);
  answer.took = std::chrono::duration_cast<Duration>(steady_clock::now() - started);
  if (status) {
    answer.outcome = HttpOutcome::Answered;
    answer.status = *status;
  } else {
    answer.outcome = outcome_of(status.error().trouble);
    answer.detail = clip(status.error().detail, max_detail);
  }
  co_return answer;
}

}  // namespace lastgood::net
