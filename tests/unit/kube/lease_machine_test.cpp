// Leader election step by step: the input at a time, the action that follows, and who leads.
#include "kube/lease_machine.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "lease_harness.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;

TEST_CASE("creates the Lease with the fields of client-go, and leads, when no Lease exists") {
  FakeLeaseServer server;
  LeaseCandidate a("a", server);
  CHECK(a.tick(0) == sends_get);
  CHECK(a.respond(5) == sends_create);
  CHECK_FALSE(a.leads(5));
  CHECK(a.respond(9) == waits_until(2'005));
  CHECK(a.leads(9));
  CHECK(a.machine().term() == 1);
  CHECK(server.spec() == codec::Json{{"holderIdentity", "a"},
                                     {"leaseDurationSeconds", 15},
                                     {"acquireTime", "2026-11-24T12:00:00.255000Z"},
                                     {"renewTime", "2026-11-24T12:00:00.255000Z"},
                                     {"leaseTransitions", 0}});
}

TEST_CASE("renews every 2 s without a read and changes only renewTime when it leads") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  const auto before = server.spec();
  CHECK(a.tick(2'000) == sends_update);
  CHECK(a.call().call.target.ends_with("/leases/lastgood?fieldManager=lastgood"));
  CHECK(a.respond(2'010) == waits_until(4'000));
  auto after = server.spec();
  CHECK(after["renewTime"] == "2026-11-24T12:00:02.250000Z");
  after["renewTime"] = before["renewTime"];
  CHECK(after == before);
  CHECK(a.machine().term() == 1);
}

TEST_CASE("keeps waiting when a tick arrives early") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  CHECK(a.tick(1'999) == waits_until(2'000));
}

TEST_CASE("takes the Lease of another holder only after it has not changed for 15 s") {
  FakeLeaseServer server;
  server.put_lease_held_by("b");
  LeaseCandidate a("a", server);
  a.tick(0);
  CHECK(a.respond(0) == waits_until(2'000));
  CHECK(a.machine().holder() == "b");
  for (int when = 2'000; when <= 12'000; when += 2'000) {
    CHECK(a.tick(when) == sends_get);
    a.respond(when);
  }
  SECTION("takes it when 15 s have passed") {
    CHECK(a.tick(14'000) == sends_get);
    CHECK(a.respond(14'000) == waits_until(15'000));
    CHECK(a.tick(15'000) == sends_update);
    CHECK(a.respond(15'001) == waits_until(17'000));
    CHECK(a.leads(15'001));
    CHECK(server.spec()["leaseTransitions"] == 7);
    CHECK(server.spec()["acquireTime"] == "2026-11-24T12:00:15.250000Z");
    CHECK(server.lease()["metadata"]["labels"]["team"] == "sre");
  }
  SECTION("waits another 15 s when the holder renews") {
    server.set_spec("renewTime", "2026-11-24T12:00:01.000000Z");
    CHECK(a.tick(14'000) == sends_get);
    CHECK(a.respond(14'000) == waits_until(16'000));
    for (int when = 16'000; when <= 28'000; when += 2'000) {
      CHECK(a.tick(when) == sends_get);
      a.respond(when);
    }
    CHECK(a.last() == waits_until(29'000));
  }
  SECTION("reads again when the holder renewed after the last read") {
    a.tick(14'000);
    a.respond(14'000);
    server.set_spec("renewTime", "2026-11-24T12:00:14.500000Z");
    CHECK(a.tick(15'000) == sends_update);
    CHECK(a.respond(15'001) == sends_get);
    CHECK(a.respond(15'002) == waits_until(17'002));
    CHECK_FALSE(a.leads(15'002));
  }
}

TEST_CASE("waits for leaseDurationSeconds of the holder when it is more than 15") {
  FakeLeaseServer server;
  server.put_lease_held_by("b");
  server.set_spec("leaseDurationSeconds", 40);
  LeaseCandidate a("a", server);
  a.tick(0);
  a.respond(0);
  for (int when = 2'000; when < 40'000; when += 2'000) {
    CHECK(a.tick(when) == sends_get);
    a.respond(when);
  }
  CHECK(a.tick(40'000) == sends_update);
}

TEST_CASE("takes the Lease immediately when it has no holder") {
  FakeLeaseServer server;
  server.put_lease_held_by("");
  SECTION("the holder is empty") {}
  SECTION("there is no spec") {
    server.remove();
    static_cast<void>(
        server.handle({.verb = api::Verb::Post, .body = R"({"metadata":{"name":"lastgood"}})"}));
  }
  LeaseCandidate a("a", server);
  CHECK(a.tick(0) == sends_get);
  CHECK(a.respond(0) == sends_update);
  CHECK(a.respond(1) == waits_until(2'000));
  CHECK(a.leads(1));
}

TEST_CASE("takes the Lease immediately when its holder has our identity") {
  FakeLeaseServer server;
  server.put_lease_held_by("a");
  LeaseCandidate a("a", server);
  a.tick(0);
  CHECK(a.respond(0) == sends_update);
  CHECK_FALSE(a.leads(0));
  a.respond(1);
  CHECK(a.leads(1));
  CHECK(server.spec()["leaseTransitions"] == 6);
}

TEST_CASE("leads until 10 s after the renewal was sent, even when the response is slow") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  a.tick(2'000);
  CHECK(a.respond(4'900) == waits_until(4'000));
  CHECK(a.machine().leader_until() == at(12'000));
  CHECK(a.leads(11'999));
  CHECK_FALSE(a.leads(12'000));
}

TEST_CASE("does not lead when the response to its write arrives after the renew deadline") {
  FakeLeaseServer server;
  LeaseCandidate a("a", server);
  a.tick(0);
  a.respond(0);
  a.respond(10'000);
  CHECK_FALSE(a.leads(10'000));
  CHECK(a.machine().term() == 0);
}

TEST_CASE("begins a new term when it leads again after a gap") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  a.tick(2'000);
  a.fail(2'001, ErrorKind::ConnectionRefused);
  CHECK_FALSE(a.leads(10'000));
  CHECK(a.tick(11'000) == sends_get);
  CHECK(a.respond(11'000) == sends_update);
  a.respond(11'001);
  CHECK(a.leads(11'001));
  CHECK(a.machine().term() == 2);
}

TEST_CASE("reads the Lease when the response to a renewal is lost") {
  // `performed`: the server renewed the Lease before the response was lost.
  for (const bool performed : {true, false}) {
    for (const ErrorKind kind : {ErrorKind::TimedOut, ErrorKind::ConnectionClosed}) {
      CAPTURE(performed, to_string(kind));
      FakeLeaseServer server;
      LeaseCandidate a = make_leader(server);
      a.tick(2'000);
      if (performed) a.lose_response();
      CHECK(a.fail(5'000, kind) == sends_get);
      CHECK(a.machine().leader_until() == at(10'000));
      CHECK(a.respond(5'001) == sends_update);
      CHECK(a.respond(5'002) == waits_until(7'001));
      CHECK(a.machine().leader_until() == at(15'001));
      CHECK(a.machine().term() == 1);
      CHECK_FALSE(a.machine().problem());
    }
  }
}

TEST_CASE("stops leading when the Lease has another holder") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  server.set_spec("holderIdentity", "b");
  CHECK(a.tick(2'000) == sends_update);
  CHECK(a.respond(2'001) == sends_get);
  CHECK(a.respond(2'002) == waits_until(4'002));
  CHECK_FALSE(a.leads(2'002));
  CHECK(a.machine().holder() == "b");
}

TEST_CASE("retries after 2 s, or after Retry-After up to 5 s, when a call fails") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  a.tick(2'000);
  CHECK(a.fail(2'001, ErrorKind::ConnectionRefused) == waits_until(4'001));
  CHECK(a.machine().problem()->kind == ErrorKind::ConnectionRefused);
  CHECK(a.tick(4'001) == sends_get);
  Error busy = error(ErrorKind::TooManyRequests, 429);
  busy.retry_after = std::chrono::hours(1);
  CHECK(a.step(4'002, LeaseResponse{std::unexpected(busy)}) == waits_until(9'002));
}

TEST_CASE("waits 2 s before the next attempt when a write conflicts for the fourth time") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  a.tick(2'000);
  for (int i = 0; i < 3; ++i) {
    CHECK(a.fail(2'001, ErrorKind::Conflict, 409) == sends_get);
    CHECK(a.respond(2'001) == sends_update);
  }
  CHECK(a.fail(2'001, ErrorKind::Conflict, 409) == waits_until(4'001));
}

TEST_CASE("becomes a standby when another candidate creates the Lease first") {
  FakeLeaseServer server;
  LeaseCandidate a("a", server);
  LeaseCandidate b("b", server);
  a.tick(0);
  b.tick(0);
  a.respond(0);
  b.respond(0);
  a.respond(1);
  CHECK(b.respond(1) == sends_get);
  CHECK(b.respond(2) == waits_until(2'002));
  CHECK(a.leads(2));
  CHECK_FALSE(b.leads(2));
}

TEST_CASE("creates a deleted Lease again as the leader, but not as a standby") {
  FakeLeaseServer server;
  LeaseCandidate a = make_leader(server);
  LeaseCandidate b("b", server);
  b.tick(100);
  b.respond(100);
  server.remove();
  CHECK(b.tick(2'100) == sends_get);
  CHECK(b.respond(2'100) == waits_until(4'100));
  CHECK(a.tick(2'000) == sends_update);
  CHECK(a.respond(2'001) == sends_get);
  CHECK(a.respond(2'002) == sends_create);
  CHECK(a.leads(2'002));
  a.respond(2'003);
  CHECK(server.holder() == "a");
}
