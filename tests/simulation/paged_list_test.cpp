// Lists in pages, against the fake API server.
#include "runtime/paged_list.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "api/policy.hpp"
#include "simulation/fake/api_client.hpp"

namespace lastgood::simulation {
namespace {

using Policies = kube::ListPage<api::RollbackPolicy>;

struct ListHarness {
  explicit ListHarness(int policies) {
    for (int i = 0; i < policies; ++i) {
      server.create("rollbackpolicies",
                    {{"metadata", {{"namespace", "shop"}, {"name", "p" + std::to_string(i)}}},
                     {"spec", codec::Json::object()}});
    }
  }

  Result<Policies> list() {
    std::optional<Result<Policies>> result;
    const auto collection = kube::collection_path(kube::Resource::RollbackPolicy, "shop");
    boost::asio::co_spawn(
        io,
        runtime::read_list<api::RollbackPolicy>(client, *collection, {}, std::chrono::seconds(1)),
        [&](const std::exception_ptr& error, Result<Policies> list) {
          if (error) std::rethrow_exception(error);
          result = std::move(list);
        });
    while (!result) {
      if (io.poll() == 0) clock.advance();
      io.restart();
    }
    return *std::move(result);
  }

  VirtualClock clock;
  ApiServer server{clock};
  int calls = 0;
  int failing_call = 0;
  FaultScript script = [this](const Attempt&) {
    return ++calls == failing_call ? Fault::InternalError : Fault::None;
  };
  ApiClient client{server, clock, "lastgood", script};
  boost::asio::io_context io;
};

}  // namespace

TEST_CASE("lists all objects in pages of 500") {
  ListHarness harness(1'001);
  const auto list = harness.list();
  REQUIRE(list);
  CHECK(list->items.size() == 1'001);
  CHECK(list->continue_.empty());
  CHECK_FALSE(list->version.empty());
  CHECK(harness.calls == 3);
}

TEST_CASE("returns no objects when one page of the list fails") {
  ListHarness harness(1'001);
  harness.failing_call = 2;
  const auto list = harness.list();
  REQUIRE_FALSE(list);
  CHECK(list.error().status == 500);
  CHECK(harness.calls == 2);
}

}  // namespace lastgood::simulation
