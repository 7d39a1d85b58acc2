#include "net/http_message.hpp"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>

#include "base/text.hpp"

namespace lastgood::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
namespace {

constexpr int max_interim_responses = 8;
constexpr std::size_t min_last_chunk = std::string_view("0\r\n\r\n").size();

Failure failure_from(const error_code& error) {
  if (error == http::error::partial_message || error == http::error::end_of_stream) {
    return {.transport_error = TransportError::ConnectionClosed,
            .detail = "the connection was closed before a complete response"};
  }
  if (error == http::error::header_limit)
    return {.transport_error = TransportError::TooLarge,
            .detail = "the headers exceed the size limit"};
  if (error == http::error::body_limit)
    return {.transport_error = TransportError::TooLarge,
            .detail = "the body exceeds the size limit"};
  if (error == http::error::buffer_overflow)
    return {.transport_error = TransportError::TooLarge, .detail = "a line exceeds the size limit"};
  return {.transport_error = TransportError::InvalidMessage,
          .detail = "invalid HTTP: " + error.message()};
}

std::optional<Duration> parse_retry_after(std::string_view value) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return std::chrono::seconds(std::min<std::uint32_t>(seconds, 3600));
}

// "Sun, 06 Nov 1994 08:49:37 GMT": https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7. The older
// formats are not read: Kubernetes does not write them.
std::optional<Time> parse_date(std::string_view value) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (value.size() != form.size() || !value.ends_with(" GMT")) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int found = -1;
    const char* const end = value.data() + at + length;
    const auto [stop, error] = std::from_chars(value.data() + at, end, found);
    return error == std::errc() && stop == end ? found : -1;
  };
  const auto month = months.find(value.substr(8, 3));
  const int day = number(5, 2);
  const int year = number(12, 4);
  const int hour = number(17, 2);
  const int minute = number(20, 2);
  const int second = number(23, 2);
  if (month == std::string_view::npos || month % 3 != 0 || day < 0 || year < 0 || hour < 0 ||
      hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::string_view plain(beast::string_view text) { return {text.data(), text.size()}; }

class ResponseParser final : public http::basic_parser<false> {
 public:
  ResponseParser(const MessageLimits& limits, const ResponseReader::Sink& sink) : sink_(sink) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    if (limits.body_bytes) {
      body_limit(*limits.body_bytes);
    } else {
      body_limit(boost::none);
    }
    eager(true);
  }

  [[nodiscard]] const ResponseHead& head() const { return head_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, error_code& error) override {
    // RFC 9110 has no codes below 100. 0 stands for no response.
    if (code < 100) error = http::error::bad_status;
    head_.status = code;
  }
  void on_field_impl(http::field name, beast::string_view, beast::string_view value,
                     error_code&) override {
    if (is_header_done()) return;  // a trailer
    if (name == http::field::content_type && head_.content_type.empty())
      head_.content_type = plain(value);
    if (name == http::field::date) head_.date = parse_date(plain(value));
    if (name == http::field::retry_after) head_.retry_after = parse_retry_after(plain(value));
    if (name == http::field::warning && head_.warnings.size() < max_warnings)
      head_.warnings.emplace_back(plain(value));
  }
  void on_header_impl(error_code&) override {
    head_.keep_alive = keep_alive();
    if (const auto length = content_length()) head_.length = *length;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code& error) override {
    return deliver(plain(body), error);
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                 error_code& error) override {
    return deliver(plain(body), error);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t deliver(std::string_view piece, error_code& error) {
    if (!piece.empty() && !sink_(head_, piece)) {
      stopped_ = true;
      error = http::error::end_of_stream;
    }
    return piece.size();
  }

  const ResponseReader::Sink& sink_;
  ResponseHead head_;
  bool stopped_ = false;
};

class RequestParser final : public http::basic_parser<true> {
 public:
  RequestParser(std::size_t head_bytes, std::size_t body_bytes) {
    header_limit(static_cast<std::uint32_t>(head_bytes));
    body_limit(body_bytes);
    eager(true);
  }
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] Request take() { return std::move(request_); }

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target, int,
                       error_code&) override {
    request_.method = plain(method);
    request_.path = plain(target.substr(0, target.find('?')));
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(http::field name, beast::string_view, beast::string_view value,
                     error_code&) override {
    if (name == http::field::authorization && request_.authorization.empty())
      request_.authorization = plain(value);
  }
  void on_header_impl(error_code& error) override {
    request_.keep_alive = keep_alive();
    // A client that sends a chunked body may never end it.
    if (chunked()) error = http::error::body_limit;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override {
    request_.body += plain(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Request request_;
};

std::span<char> space_in(beast::flat_buffer& buffer, std::size_t wanted) {
  const std::size_t room = std::min(wanted, buffer.max_size() - buffer.size());
  const auto space = buffer.prepare(room);
  return {static_cast<char*>(space.data()), space.size()};
}

}  // namespace

struct ResponseReader::Impl {
  Impl(const MessageLimits& message_limits, Sink body_sink)
      : limits(message_limits),
        sink(std::move(body_sink)),
        buffer(message_limits.header_bytes + message_limits.read_bytes) {
    parser.emplace(limits, sink);
  }

  // After an interim response (1xx), another response follows. 101 is not interim: the protocol
  // changes after it.
  [[nodiscard]] bool is_interim() const {
    return parser->is_done() && parser->head().status / 100 == 1 && parser->head().status != 101;
  }

  // False if the first bytes belong to another protocol. The parser would find this only after a
  // line break, so it would often wait until the size limit or the timeout.
  [[nodiscard]] bool may_be_http() const {
    if (parser->head().status != 0) return true;
    constexpr std::string_view beginning = "HTTP/1.";
    const std::string_view got(static_cast<const char*>(buffer.data().data()), buffer.size());
    return got.substr(0, beginning.size()) == beginning.substr(0, got.size());
  }

  // Beast asserts that an incomplete last chunk has grown to its smallest size when it is parsed
  // again: basic_parser::parse_chunk_header() of Boost 1.81.
  [[nodiscard]] bool lacks_last_chunk() const {
    return is_within_chunk_header && buffer.size() < min_last_chunk;
  }

  NetResult<Step> advance() {
    if (lacks_last_chunk()) return Step::More;
    is_within_chunk_header = false;
    while (buffer.size() > 0 && !parser->is_done()) {
      error_code error;
      buffer.consume(parser->put(buffer.data(), error));
      if (parser->stopped()) return Step::Stopped;
      if (error == http::error::need_more) {
        // The parser consumes every byte of a body, so the bytes that are left begin a chunk.
        is_within_chunk_header = parser->is_header_done() && parser->chunked() && buffer.size() > 0;
        if (!may_be_http()) return std::unexpected(failure_from(http::error::bad_version));
        if (buffer.size() == buffer.max_size())
          return std::unexpected(failure_from(http::error::buffer_overflow));
        return Step::More;
      }
      if (error) return std::unexpected(failure_from(error));
      if (is_interim()) {
        if (++interim_responses > max_interim_responses) {
          return std::unexpected(Failure{.transport_error = TransportError::InvalidMessage,
                                         .detail = "too many interim responses"});
        }
        parser.emplace(limits, sink);
      }
    }
    return parser->is_done() ? Step::Done : Step::More;
  }

  NetResult<Step> end() {
    error_code error;
    if (!parser->got_some()) {
      error = http::error::end_of_stream;
    } else if (!parser->is_done()) {
      parser->put_eof(error);
    }
    if (error) return std::unexpected(failure_from(error));
    return Step::Done;
  }

  MessageLimits limits;
  Sink sink;
  beast::flat_buffer buffer;
  std::optional<ResponseParser> parser;
  int interim_responses = 0;
  bool is_within_chunk_header = false;
  bool began = false;
};

ResponseReader::ResponseReader(MessageLimits limits, Sink sink)
    : impl_(std::make_unique<Impl>(limits, std::move(sink))) {}

ResponseReader::~ResponseReader() = default;

std::span<char> ResponseReader::space() {
  return space_in(impl_->buffer, impl_->limits.read_bytes);
}

NetResult<ResponseReader::Step> ResponseReader::received(std::size_t bytes) {
  if (bytes == 0) return impl_->end();
  impl_->began = true;
  impl_->buffer.commit(bytes);
  return impl_->advance();
}

bool ResponseReader::began() const { return impl_->began; }

bool ResponseReader::has_head() const { return impl_->parser->is_header_done(); }

const ResponseHead& ResponseReader::head() const { return impl_->parser->head(); }

bool ResponseReader::reusable() const {
  return impl_->parser->is_done() && impl_->parser->head().keep_alive &&
         !impl_->parser->need_eof() && impl_->buffer.size() == 0;
}

struct RequestReader::Impl {
  Impl(std::size_t head_limit, std::size_t body_limit)
      : head_bytes(head_limit), body_bytes(body_limit), buffer(head_limit) {
    parser.emplace(head_bytes, body_bytes);
  }
  std::size_t head_bytes;
  std::size_t body_bytes;
  beast::flat_buffer buffer;
  std::optional<RequestParser> parser;
};

RequestReader::RequestReader(std::size_t head_bytes, std::size_t body_bytes)
    : impl_(std::make_unique<Impl>(head_bytes, body_bytes)) {}

RequestReader::~RequestReader() = default;

std::span<char> RequestReader::space() { return space_in(impl_->buffer, impl_->head_bytes); }

void RequestReader::received(std::size_t bytes) { impl_->buffer.commit(bytes); }

NetResult<std::optional<Request>> RequestReader::next() {
  auto& buffer = impl_->buffer;
  auto& parser = *impl_->parser;
  while (buffer.size() > 0 && !parser.is_done()) {
    error_code error;
    const std::size_t used = parser.put(buffer.data(), error);
    buffer.consume(used);
    if (error && error != http::error::need_more) return std::unexpected(failure_from(error));
    if (error && used == 0) break;
  }
  if (!parser.is_done()) {
    if (buffer.size() == buffer.max_size())
      return std::unexpected(failure_from(http::error::header_limit));
    return std::nullopt;
  }
  Request request = parser.take();
  impl_->parser.emplace(impl_->head_bytes, impl_->body_bytes);
  return request;
}

const Request* RequestReader::without_body() const {
  const auto& parser = *impl_->parser;
  return parser.is_header_done() && !parser.is_done() ? &parser.request() : nullptr;
}

std::string to_text(const RequestText& request) {
  std::string text;
  text.reserve(512 + request.target.size() + request.token.size() + request.body.size());
  const auto has = [&request](std::string_view name) {
    return std::ranges::any_of(request.headers,
                               [name](const auto& header) { return lowered(header.name) == name; });
  };
  const auto add = [&text](std::initializer_list<std::string_view> pieces) {
    for (const auto piece : pieces) text += piece;
  };
  add({request.method, " ", request.target, " HTTP/1.1\r\n"});
  if (!has("host")) add({"Host: ", request.host, "\r\n"});
  if (!has("user-agent")) add({"User-Agent: ", request.user_agent, "\r\n"});
  if (!has("accept")) add({"Accept: ", request.accept, "\r\n"});
  if (!request.token.empty()) add({"Authorization: Bearer ", request.token, "\r\n"});
  for (const auto& header : request.headers) add({header.name, ": ", header.value, "\r\n"});
  if (!request.content_type.empty()) add({"Content-Type: ", request.content_type, "\r\n"});
  // A server may reject a POST without a length (411), even if the body is empty.
  if (!request.body.empty() || !request.content_type.empty() || request.method == "POST")
    add({"Content-Length: ", std::to_string(request.body.size()), "\r\n"});
  if (request.close) add({"Connection: close\r\n"});
  add({"\r\n", request.body});
  return text;
}

bool valid_target(std::string_view target) {
  return target.starts_with('/') &&
         std::ranges::none_of(target, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

}  // namespace lastgood::net
