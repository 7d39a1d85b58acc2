#include "runtime/gateway.hpp"

#include <string_view>

namespace lastgood::runtime {

namespace asio = boost::asio;
using codec::Json;

namespace {

constexpr Duration read_timeout{10'000};

// A term ends 10 s after the last renewal. Another process can lead 5 s later at the earliest. A
// write that was sent in the term must have ended before that.
constexpr Duration write_timeout{4'000};

// The API server gives up a little earlier than the controller. So a write that waits there, for
// example for a webhook, is not carried out late, and the response says what it waited for.
// https://pkg.go.dev/k8s.io/apiserver/pkg/endpoints/filters#WithRequestDeadline
constexpr std::string_view server_timeout = "timeout=3500ms";

Result<api::ApiCall> with_server_timeout(Result<api::ApiCall> call) {
  if (!call) return call;
  call->target += call->target.contains('?') ? '&' : '?';
  call->target += server_timeout;
  return call;
}

std::unexpected<Error> not_the_leader() {
  return fail(ErrorKind::Cancelled, "nothing was written: this process is no longer the leader");
}

}  // namespace

asio::awaitable<Result<Json>> Gateway::read(Result<api::ApiCall> call) {
  return send(std::move(call), read_timeout);
}

asio::awaitable<Result<Json>> Gateway::send(Result<api::ApiCall> call, Duration timeout) {
  if (!call) co_return std::unexpected(call.error());
  call->lane = lane_;
  auto body = co_await kube_.call(std::move(*call), timeout);
  if (!body) co_return std::unexpected(body.error());
  co_return codec::parse_json(*body);
}

asio::awaitable<Result<std::vector<Json>>> Gateway::items(Result<api::ApiCall> call) {
  auto list = co_await read(std::move(call));
  if (!list) co_return std::unexpected(list.error());
  const auto items = list->find("items");
  if (items == list->end() || !items->is_array())
    co_return fail(ErrorKind::Protocol, "the response is not a list: it has no items");
  co_return std::vector<Json>(std::make_move_iterator(items->begin()),
                              std::make_move_iterator(items->end()));
}

asio::awaitable<Result<Json>> Gateway::write(Term term, Result<api::ApiCall> call) {
  if (!is_current(term)) co_return not_the_leader();
  co_return co_await send(with_server_timeout(std::move(call)), write_timeout);
}

asio::awaitable<Result<DryRun>> Gateway::dry_run(Term term, Result<api::ApiCall> call) {
  if (!is_current(term)) co_return not_the_leader();
  if (!call) co_return std::unexpected(call.error());
  call->lane = lane_;
  auto response = co_await kube_.call_with_warnings(std::move(*call), write_timeout);
  if (!response) co_return std::unexpected(response.error());
  auto object = codec::parse_json(response->body);
  if (!object) co_return std::unexpected(object.error());
  DryRun result{.object = std::move(*object), .warnings = std::move(response->warnings)};
  co_return std::move(result);
}

bool Gateway::is_current(Term term) const { return term != 0 && leadership_.term() == term; }

}  // namespace lastgood::runtime
