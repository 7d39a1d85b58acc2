// The election, turn by turn: what was answered at which time, what is due then, and who leads.
#include "kube/lease_machine.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "lease_world.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::machines;
using namespace lastgood::kube;

namespace {

const Time wall = parse_rfc3339("2026-11-24T12:00:00.25Z").value();

LeaseMachine candidate(std::string identity) {
  return LeaseMachine::create({.lease = {"lastgood-system", "lastgood"}, .identity = std::move(identity)}).value();
}

std::string words(const LeaseAction& action) {
  if (std::holds_alternative<LeaseDone>(action)) return "done";
  if (const auto* wait = std::get_if<LeaseWait>(&action)) return "wait to " + std::to_string((wait->until - at(0)).count());
  switch (std::get<LeaseCall>(action).call.verb) {
    case api::Verb::Get: return "get";
    case api::Verb::Post: return "create";
    case api::Verb::Put: return "update";
    default: return "?";
  }
}

// A candidate and the server. Words of what is due are kept in `due`.
struct Candidate {
  explicit Candidate(std::string identity, LeaseServer& to) : machine(candidate(std::move(identity))), server(to) {}

  std::string step(std::int64_t when, LeaseInput input) {
    action = machine.step(std::move(input), at(when), wall + Duration(when));
    return words(action);
  }
  std::string tick(std::int64_t when) { return step(when, LeaseTick{}); }
  // The server does what is asked, and the answer arrives.
  std::string answer(std::int64_t when) { return step(when, LeaseAnswer{server.handle(std::get<LeaseCall>(action).call)}); }
  // The answer is an error; the server has done what was asked, or has not.
  std::string lose(std::int64_t when, ErrorKind kind, bool performed, int status = 0) {
    if (performed) static_cast<void>(server.handle(std::get<LeaseCall>(action).call));
    return step(when, LeaseAnswer{std::unexpected(error(kind, status))});
  }
  [[nodiscard]] bool leads(std::int64_t when) const { return machine.is_leader(at(when)); }

  LeaseMachine machine;
  LeaseServer& server;
  LeaseAction action = LeaseDone{};
};

// Leads since 0, its renewal due at 2000.
Candidate leader(LeaseServer& server) {
  Candidate one("a", server);
  REQUIRE(one.tick(0) == "get");
  REQUIRE(one.answer(0) == "create");
  REQUIRE(one.answer(0) == "wait to 2000");
  return one;
}

}  // namespace

TEST_CASE("Where there is no Lease it is made, as client-go writes it, and leadership begins") {
  LeaseServer server;
  Candidate a("a", server);
  CHECK(a.tick(0) == "get");
  CHECK(a.answer(5) == "create");
  CHECK_FALSE(a.leads(5));
  CHECK(a.answer(9) == "wait to 2005");
  CHECK(a.leads(9));
  CHECK(a.machine.term() == 1);
  CHECK(server.spec() == codec::Json{{"holderIdentity", "a"},
                                   {"leaseDurationSeconds", 15},
                                   {"acquireTime", "2026-11-24T12:00:00.255000Z"},
                                   {"renewTime", "2026-11-24T12:00:00.255000Z"},
                                   {"leaseTransitions", 0}});
}

TEST_CASE("A leader renews every 2 s without reading first, and only renewTime changes") {
  LeaseServer server;
  Candidate a = leader(server);
  const auto before = server.spec();
  CHECK(a.tick(2'000) == "update");
  CHECK(std::get<LeaseCall>(a.action).call.target.ends_with("/leases/lastgood?fieldManager=lastgood"));
  CHECK(a.answer(2'010) == "wait to 4000");
  auto after = server.spec();
  CHECK(after["renewTime"] == "2026-11-24T12:00:02.250000Z");
  after["renewTime"] = before["renewTime"];
  CHECK(after == before);
  CHECK(a.machine.term() == 1);
}

TEST_CASE("A tick before its time changes nothing") {
  LeaseServer server;
  Candidate a = leader(server);
  CHECK(a.tick(1'999) == "wait to 2000");
}

TEST_CASE("Another's Lease is taken only after 15 s without a change as seen here, whatever times it carries") {
  LeaseServer server;
  server.put("b");
  Candidate a("a", server);
  a.tick(0);
  CHECK(a.answer(0) == "wait to 2000");
  CHECK(a.machine.holder() == "b");
  for (int when = 2'000; when <= 12'000; when += 2'000) {
    CHECK(a.tick(when) == "get");
    a.answer(when);
  }
  SECTION("and then at once") {
    CHECK(a.tick(14'000) == "get");
    CHECK(a.answer(14'000) == "wait to 15000");
    CHECK(a.tick(15'000) == "update");
    CHECK(a.answer(15'001) == "wait to 17000");
    CHECK(a.leads(15'001));
    CHECK(server.spec()["leaseTransitions"] == 7);
    CHECK(server.spec()["acquireTime"] == "2026-11-24T12:00:15.250000Z");
    CHECK(server.object()["metadata"]["labels"]["kept"] == "yes");
  }
  SECTION("and a renewal in between starts the 15 s anew") {
    server.set_spec("renewTime", "2026-11-24T12:00:01.000000Z");
    CHECK(a.tick(14'000) == "get");
    CHECK(a.answer(14'000) == "wait to 16000");
    for (int when = 16'000; when <= 28'000; when += 2'000) {
      CHECK(a.tick(when) == "get");
      a.answer(when);
    }
    CHECK(words(a.action) == "wait to 29000");
  }
  SECTION("and a renewal that was not seen makes the attempt a conflict") {
    a.tick(14'000);
    a.answer(14'000);
    server.set_spec("renewTime", "2026-11-24T12:00:14.500000Z");
    CHECK(a.tick(15'000) == "update");
    CHECK(a.answer(15'001) == "get");
    CHECK(a.answer(15'002) == "wait to 17002");
    CHECK_FALSE(a.leads(15'002));
  }
}

TEST_CASE("A holder that asks for a longer lease is given it") {
  LeaseServer server;
  server.put("b");
  server.set_spec("leaseDurationSeconds", 40);
  Candidate a("a", server);
  a.tick(0);
  a.answer(0);
  for (int when = 2'000; when < 40'000; when += 2'000) {
    CHECK(a.tick(when) == "get");
    a.answer(when);
  }
  CHECK(a.tick(40'000) == "update");
}

TEST_CASE("A Lease that was given back, or never held, is taken at once") {
  LeaseServer server;
  server.put("");
  SECTION("with an empty holder") {}
  SECTION("with no spec at all") {
    server.remove();
    static_cast<void>(server.handle({.verb = api::Verb::Post, .body = R"({"metadata":{"name":"lastgood"}})"}));
  }
  Candidate a("a", server);
  CHECK(a.tick(0) == "get");
  CHECK(a.answer(0) == "update");
  CHECK(a.answer(1) == "wait to 2000");
  CHECK(a.leads(1));
}

TEST_CASE("A Lease of our own name is taken up at once after a crash") {
  LeaseServer server;
  server.put("a");
  Candidate a("a", server);
  a.tick(0);
  CHECK(a.answer(0) == "update");
  CHECK_FALSE(a.leads(0));
  a.answer(1);
  CHECK(a.leads(1));
  CHECK(server.spec()["leaseTransitions"] == 6);
}

TEST_CASE("Leadership ends 10 s after the last acknowledged renewal was sent, however late its answer came") {
  LeaseServer server;
  Candidate a = leader(server);
  a.tick(2'000);
  CHECK(a.answer(4'900) == "wait to 4000");
  CHECK(a.machine.leader_until() == at(12'000));
  CHECK(a.leads(11'999));
  CHECK_FALSE(a.leads(12'000));
}

TEST_CASE("An answer that comes after the deadline does not make a leader") {
  LeaseServer server;
  Candidate a("a", server);
  a.tick(0);
  a.answer(0);
  a.answer(10'000);
  CHECK_FALSE(a.leads(10'000));
  CHECK(a.machine.term() == 0);
}

TEST_CASE("Whoever leads again after a gap begins a new term") {
  LeaseServer server;
  Candidate a = leader(server);
  a.tick(2'000);
  a.lose(2'001, ErrorKind::Refused, false);
  CHECK_FALSE(a.leads(10'000));
  CHECK(a.tick(11'000) == "get");
  CHECK(a.answer(11'000) == "update");
  a.answer(11'001);
  CHECK(a.leads(11'001));
  CHECK(a.machine.term() == 2);
}

TEST_CASE("A renewal whose answer is lost is followed by a look at the Lease, done or not") {
  for (const bool performed : {true, false}) {
    for (const ErrorKind kind : {ErrorKind::TimedOut, ErrorKind::Closed}) {
      CAPTURE(performed, to_string(kind));
      LeaseServer server;
      Candidate a = leader(server);
      a.tick(2'000);
      CHECK(a.lose(5'000, kind, performed) == "get");
      CHECK(a.machine.leader_until() == at(10'000));
      CHECK(a.answer(5'001) == "update");
      CHECK(a.answer(5'002) == "wait to 7001");
      CHECK(a.machine.leader_until() == at(15'001));
      CHECK(a.machine.term() == 1);
      CHECK_FALSE(a.machine.problem());
    }
  }
}

TEST_CASE("A leader that sees another holder is none from that moment") {
  LeaseServer server;
  Candidate a = leader(server);
  server.set_spec("holderIdentity", "b");
  CHECK(a.tick(2'000) == "update");
  CHECK(a.answer(2'001) == "get");
  CHECK(a.answer(2'002) == "wait to 4002");
  CHECK_FALSE(a.leads(2'002));
  CHECK(a.machine.holder() == "b");
}

TEST_CASE("A refusal is tried again after 2 s, and not sooner than the server wishes") {
  LeaseServer server;
  Candidate a = leader(server);
  a.tick(2'000);
  CHECK(a.lose(2'001, ErrorKind::Refused, false) == "wait to 4001");
  CHECK(a.machine.problem()->kind == ErrorKind::Refused);
  CHECK(a.tick(4'001) == "get");
  Error busy = error(ErrorKind::TooManyRequests, 429);
  busy.retry_after = std::chrono::hours(1);
  CHECK(a.step(4'002, LeaseAnswer{std::unexpected(busy)}) == "wait to 9002");
}

TEST_CASE("Conflicts without end are not answered without pause") {
  LeaseServer server;
  Candidate a = leader(server);
  a.tick(2'000);
  for (int i = 0; i < 3; ++i) {
    CHECK(a.lose(2'001, ErrorKind::Conflict, false, 409) == "get");
    CHECK(a.answer(2'001) == "update");
  }
  CHECK(a.lose(2'001, ErrorKind::Conflict, false, 409) == "wait to 4001");
}

TEST_CASE("Two that create the Lease at once: the second reads and stands by") {
  LeaseServer server;
  Candidate a("a", server);
  Candidate b("b", server);
  a.tick(0);
  b.tick(0);
  a.answer(0);
  b.answer(0);
  a.answer(1);
  CHECK(b.answer(1) == "get");
  CHECK(b.answer(2) == "wait to 2002");
  CHECK(a.leads(2));
  CHECK_FALSE(b.leads(2));
}

TEST_CASE("A Lease that somebody deleted is made again by its leader and not by a standby") {
  LeaseServer server;
  Candidate a = leader(server);
  Candidate b("b", server);
  b.tick(100);
  b.answer(100);
  server.remove();
  CHECK(b.tick(2'100) == "get");
  CHECK(b.answer(2'100) == "wait to 4100");
  CHECK(a.tick(2'000) == "update");
  CHECK(a.answer(2'001) == "get");
  CHECK(a.answer(2'002) == "create");
  CHECK(a.leads(2'002));
  a.answer(2'003);
  CHECK(server.holder() == "a");
}
