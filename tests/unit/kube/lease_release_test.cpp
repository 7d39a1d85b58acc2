// Release of the Lease, and responses that are not a valid Lease.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "kube/lease_machine.hpp"
#include "lease_harness.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;

TEST_CASE("clears the holder and stops leading immediately when a leader releases the Lease") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  a.release(500);
  CHECK_FALSE(a.leads(500));
  REQUIRE(a.last() == sends_update);
  CHECK(a.call().timeout <= std::chrono::seconds(1));
  a.respond(501);
  CHECK(a.last() == is_done);
  CHECK(server.spec()["holderIdentity"] == "");
  CHECK(server.spec()["leaseDurationSeconds"] == 1);
  CHECK(server.spec()["leaseTransitions"] == 0);
}

TEST_CASE("leaves the Lease alone when a candidate that does not lead stops") {
  FakeLeaseServer server;
  LeaseCandidate not_started("b", server);
  CHECK(not_started.release(0) == is_done);
  server.put_lease_held_by("a");
  LeaseCandidate b("b", server);
  b.tick(0);
  REQUIRE(b.respond(0) == waits_until(2'000));
  b.release(1);
  CHECK(b.last() == is_done);
  CHECK(server.holder() == "a");
}

TEST_CASE("reads the Lease before the release when a renewal is in flight") {
  // `performed`: the server renewed the Lease, and only its response did not arrive.
  for (const bool performed : {true, false}) {
    FakeLeaseServer server;
    LeaseCandidate a = make_leader(server);
    a.tick(2'000);
    if (performed) a.lose_response();
    a.release(2'010);
    REQUIRE(a.last() == sends_get);
    a.respond(2'011);
    REQUIRE(a.last() == sends_update);
    a.respond(2'012);
    CHECK(a.last() == is_done);
    CHECK(server.holder().empty());
  }
}

TEST_CASE("ends a release within its budget of 1 s when every call fails") {
  for (const ErrorKind kind :
       {ErrorKind::TimedOut, ErrorKind::ConnectionClosed, ErrorKind::Conflict,
        ErrorKind::ConnectionRefused, ErrorKind::NotFound}) {
    CAPTURE(to_string(kind));
    FakeLeaseServer server;
    LeaseCandidate a = make_leader(server);
    a.release(100);
    constexpr int end_of_budget = 1'100;
    int when = 100;
    while (a.last() != is_done) {
      REQUIRE(when <= end_of_budget);
      CHECK(a.call().timeout <= Duration(std::max(1, end_of_budget - when)));
      when += 200;
      a.fail(when, kind);
    }
    CHECK_FALSE(a.leads(when));
    CHECK(a.tick(9'000) == is_done);
  }
}

TEST_CASE("reads again when a release conflicts, and leaves the Lease of another holder alone") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  server.set_spec("holderIdentity", "b");
  a.release(100);
  a.respond(101);
  REQUIRE(a.last() == sends_get);
  a.respond(102);
  CHECK(a.last() == is_done);
  CHECK(server.holder() == "b");
}

TEST_CASE("keeps leading until the renew deadline when a response is not a Lease") {
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
    FakeLeaseServer server;
    LeaseCandidate a = make_leader(server);
    a.tick(2'000);
    a.step(2'001, LeaseResponse{body});
    CHECK(a.last() != is_done);
    CHECK(a.machine().problem());
    CHECK(a.machine().leader_until() == at(10'000));
  }
}

TEST_CASE("limits the lease duration and transitions when their values are too large") {
  FakeLeaseServer server;
  server.put_lease_held_by("b");
  server.set_spec("leaseDurationSeconds", 9'000'000'000'000'000'000);
  server.set_spec("leaseTransitions", 9'000'000'000'000'000'000);
  LeaseCandidate a("a", server);
  a.tick(0);
  a.respond(0);
  a.tick(300'000);
  REQUIRE(a.last() == sends_update);
  CHECK(codec::Json::parse(a.call().call.body)["spec"]["leaseTransitions"] == 2'000'000'001);
}

TEST_CASE("rejects an invalid Lease name, namespace or identity before any call") {
  CHECK(LeaseMachine::create({.lease = {"ns", "a/b"}, .identity = "x"}).error().kind ==
        ErrorKind::BadInput);
  CHECK(LeaseMachine::create({.lease = {"", "l"}, .identity = "x"}).error().kind ==
        ErrorKind::BadInput);
  CHECK(LeaseMachine::create({.lease = {"ns", "l"}, .identity = ""}).error().kind ==
        ErrorKind::BadInput);
}

TEST_CASE("reads the Lease at once when a watch shows that it has no holder") {
  FakeLeaseServer server;
  server.put_lease_held_by("b");
  LeaseCandidate a("a", server);
  a.tick(0);
  CHECK(a.respond(0) == waits_until(2'000));
  // The Lease has a holder still: the hint was wrong.
  CHECK(a.hint(500) == sends_get);
  CHECK(a.respond(500) == waits_until(2'500));
  CHECK(a.hint(520) == waits_until(550));  // at most one read in 50 ms
  CHECK(a.tick(550) == sends_get);
  CHECK(a.respond(550) == waits_until(2'550));
  server.put_lease_held_by("");
  CHECK(a.hint(700) == sends_get);
  CHECK(a.respond(701) == sends_update);
  a.respond(702);
  CHECK(a.leads(702));
  CHECK(a.hint(800) == waits_until(2'701));  // it leads already
}

TEST_CASE("a line of the watch says that the Lease is released when it has no holder") {
  struct Row {
    const char* line;
    bool is_released;
  };
  const std::vector<Row> rows = {
      {R"({"type":"MODIFIED","object":{"spec":{"holderIdentity":"b"}}})", false},
      {R"({"type":"MODIFIED","object":{"spec":{"holderIdentity":""}}})", true},
      {R"({"type":"MODIFIED","object":{"spec":{}}})", true},
      {R"({"type":"ADDED","object":{"spec":{}}})", false},
      {R"({"type":"DELETED","object":{"spec":{"holderIdentity":"b"}}})", true},
      {R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}})", false},
      {R"({"type":"ERROR","object":{"code":410}})", false},
      {"[]", false},
      {"not JSON", false}};
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(says_released(row.line) == row.is_released);
  }
}
