// Giving the Lease back, a standby that watches, and what is no Lease.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "kube/lease_machine.hpp"
#include "lease_world.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::machines;
using namespace lastgood::kube;

namespace {

struct Candidate {
  Candidate(std::string identity, LeaseServer& to)
      : machine(LeaseMachine::create({.lease = {"lastgood-system", "lastgood"}, .identity = std::move(identity)}).value()),
        server(to) {}

  LeaseAction& step(std::int64_t when, LeaseInput input) {
    action = machine.step(std::move(input), at(when), Time(Duration(when)));
    return action;
  }
  LeaseAction& answer(std::int64_t when) { return step(when, LeaseAnswer{server.handle(std::get<LeaseCall>(action).call)}); }
  [[nodiscard]] bool is_done() const { return std::holds_alternative<LeaseDone>(action); }
  [[nodiscard]] bool waits() const { return std::holds_alternative<LeaseWait>(action); }
  [[nodiscard]] bool asks(api::Verb verb) const {
    const auto* call = std::get_if<LeaseCall>(&action);
    return call != nullptr && call->call.verb == verb;
  }

  LeaseMachine machine;
  LeaseServer& server;
  LeaseAction action = LeaseDone{};
};

Candidate leader(LeaseServer& server) {
  Candidate one("a", server);
  one.step(0, LeaseTick{});
  one.answer(0);
  one.answer(0);
  REQUIRE(one.machine.is_leader(at(1)));
  return one;
}

Candidate standby(LeaseServer& server) {
  Candidate one("b", server);
  one.step(0, LeaseTick{});
  one.answer(0);
  REQUIRE(one.waits());
  return one;
}

}  // namespace

TEST_CASE("A leader that stops gives the Lease back and leads no more from the moment it says so") {
  LeaseServer server;
  Candidate a = leader(server);
  a.step(500, LeaseRelease{});
  CHECK_FALSE(a.machine.is_leader(at(500)));
  REQUIRE(a.asks(api::Verb::Put));
  CHECK(std::get<LeaseCall>(a.action).timeout <= std::chrono::seconds(1));
  a.answer(501);
  CHECK(a.is_done());
  CHECK(server.spec()["holderIdentity"] == "");
  CHECK(server.spec()["leaseDurationSeconds"] == 1);
  CHECK(server.spec()["leaseTransitions"] == 0);
}

TEST_CASE("Who does not lead gives nothing back") {
  LeaseServer server;
  Candidate nobody("b", server);
  CHECK(std::holds_alternative<LeaseDone>(nobody.step(0, LeaseRelease{})));
  server.put("a");
  Candidate b = standby(server);
  b.step(1, LeaseRelease{});
  CHECK(b.is_done());
  CHECK(server.holder() == "a");
}

TEST_CASE("A renewal under way when we stop is of unknown fate: the Lease is read, then given back") {
  for (const bool performed : {true, false}) {
    LeaseServer server;
    Candidate a = leader(server);
    a.step(2'000, LeaseTick{});
    if (performed) static_cast<void>(server.handle(std::get<LeaseCall>(a.action).call));
    a.step(2'010, LeaseRelease{});
    REQUIRE(a.asks(api::Verb::Get));
    a.answer(2'011);
    REQUIRE(a.asks(api::Verb::Put));
    a.answer(2'012);
    CHECK(a.is_done());
    CHECK(server.holder().empty());
  }
}

TEST_CASE("Giving back never takes longer than its budget, whatever fails") {
  for (const ErrorKind kind :
       {ErrorKind::TimedOut, ErrorKind::Closed, ErrorKind::Conflict, ErrorKind::Refused, ErrorKind::NotFound}) {
    CAPTURE(to_string(kind));
    LeaseServer server;
    Candidate a = leader(server);
    a.step(100, LeaseRelease{});
    int when = 100;
    while (!a.is_done()) {
      REQUIRE(when <= 1'100);
      CHECK(std::get<LeaseCall>(a.action).timeout <= Duration(std::max(1, 1'100 - when)));
      when += 200;
      a.step(when, LeaseAnswer{std::unexpected(error(kind))});
    }
    CHECK_FALSE(a.machine.is_leader(at(when)));
    CHECK(std::holds_alternative<LeaseDone>(a.step(9'000, LeaseTick{})));
  }
}

TEST_CASE("A conflict while giving back is read again, and another's Lease is left alone") {
  LeaseServer server;
  Candidate a = leader(server);
  server.set_spec("holderIdentity", "b");
  a.step(100, LeaseRelease{});
  a.answer(101);
  REQUIRE(a.asks(api::Verb::Get));
  a.answer(102);
  CHECK(a.is_done());
  CHECK(server.holder() == "b");
}

TEST_CASE("An answer that is no Lease is a failure like any other") {
  const std::vector<std::string> bodies{"",
                                        "[]",
                                        "{}",
                                        "null",
                                        R"({"metadata":{}})",
                                        R"({"metadata":{"resourceVersion":"1"},"spec":7})",
                                        R"({"metadata":[]})",
                                        std::string(2'000'000, ' ')};
  for (const std::string& body : bodies) {
    CAPTURE(body.substr(0, 60));
    LeaseServer server;
    Candidate a = leader(server);
    a.step(2'000, LeaseTick{});
    a.step(2'001, LeaseAnswer{body});
    CHECK_FALSE(a.is_done());
    CHECK(a.machine.problem());
    CHECK(a.machine.leader_until() == at(10'000));
  }
}

TEST_CASE("Mad numbers in a Lease neither overflow nor hold it for ever") {
  LeaseServer server;
  server.put("b");
  server.set_spec("leaseDurationSeconds", 9'000'000'000'000'000'000);
  server.set_spec("leaseTransitions", 9'000'000'000'000'000'000);
  Candidate a("a", server);
  a.step(0, LeaseTick{});
  a.answer(0);
  a.step(300'000, LeaseTick{});
  REQUIRE(a.asks(api::Verb::Put));
  CHECK(codec::Json::parse(std::get<LeaseCall>(a.action).call.body)["spec"]["leaseTransitions"] == 2'000'000'001);
}

TEST_CASE("A Lease or an identity that cannot be one is refused before anything is asked") {
  CHECK(LeaseMachine::create({.lease = {"ns", "a/b"}, .identity = "x"}).error().kind == ErrorKind::BadInput);
  CHECK(LeaseMachine::create({.lease = {"", "l"}, .identity = "x"}).error().kind == ErrorKind::BadInput);
  CHECK(LeaseMachine::create({.lease = {"ns", "l"}, .identity = ""}).error().kind == ErrorKind::BadInput);
}
